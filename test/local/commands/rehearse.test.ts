import { expect, it } from 'vitest';
import * as z from 'zod';
import { onStaging } from './on-staging.ts';

const { staging, leak, records, run, notices } = onStaging();

const REMEMBER = "CREATE TEMP TABLE seen AS SELECT pid, backend_start FROM pg_stat_activity WHERE usename = 'invoices'";
const ALL_ARE_THERE = `DO $$ BEGIN
  IF (SELECT count(*) FROM seen) < 10 THEN RAISE 'the server was not full'; END IF;
  IF EXISTS (TABLE seen EXCEPT SELECT pid, backend_start FROM pg_stat_activity) THEN RAISE 'one is gone'; END IF;
END $$`;

it('rehearse shows what would be done on a full server, tells people that it is one, and ends nobody', async () => {
  await leak();
  const { server } = staging();
  await server.asAdmin(REMEMBER);
  // The target may act: respond would end a dozen of them.
  const rehearsed = await run(['rehearse', '--config', staging().configure(), '--json', ...records()]);
  expect({ status: rehearsed.status, stderr: rehearsed.stderr }).toMatchObject({ status: 0 });
  const result = z
    .looseObject({ incidentId: z.string(), notifications: z.array(z.looseObject({ body: z.string() })) })
    .parse(JSON.parse(rehearsed.stdout));
  expect(result).toMatchObject({ outcome: 'observed', ended: [], firstActionSeconds: null });
  await server.asAdmin(ALL_ARE_THERE);
  expect(notices()).toEqual([
    expect.stringMatching(/^\[Headroom REHEARSAL\] staging: running out of connections/) as string,
    expect.stringMatching(/^\[Headroom REHEARSAL\] staging: observed only, .* would be ended/) as string,
  ]);
  // Commands in it are about the target.
  expect(result.notifications.at(-1)?.body).toContain('--target staging ');
  expect(result.notifications.at(-1)?.body).not.toContain('--target staging_rehearsal');
  const shown = await run(['incidents', 'show', result.incidentId, ...records()]);
  expect(shown.stdout).toContain('a rehearsal, started by');
});
