import { Client } from 'pg';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { onStaging } from './on-staging.ts';

const { staging, leak, records, run, notices } = onStaging();

it('rehearse shows what would be done on a full server, tells people that it is one, and ends nobody', async () => {
  await leak();
  const admin = new Client({ connectionString: staging().server.adminUrl });
  await admin.connect();
  const sessions = async (): Promise<unknown[]> => {
    const clients = "backend_type = 'client backend' AND usename NOT LIKE 'headroom%'";
    return (await admin.query(`SELECT pid, backend_start FROM pg_stat_activity WHERE ${clients} ORDER BY 1`)).rows;
  };
  const before = await sessions();
  // The target may act: respond would end most of them.
  const rehearsed = await run(['rehearse', '--config', staging().configure(), '--json', ...records()]);
  expect({ status: rehearsed.status, stderr: rehearsed.stderr }).toEqual({
    status: 0,
    stderr: expect.stringContaining('observe') as string,
  });
  const result = z
    .looseObject({ incidentId: z.string(), outcome: z.string(), ended: z.array(z.unknown()) })
    .parse(JSON.parse(rehearsed.stdout));
  expect(result).toMatchObject({ outcome: 'observed', ended: [] });
  expect(await sessions()).toEqual(before);
  await admin.end();
  expect(notices()).toEqual([
    expect.stringMatching(/^\[Headroom REHEARSAL\] staging: running out of connections/) as string,
    expect.stringMatching(/^\[Headroom REHEARSAL\] staging: observed only, .* would be ended/) as string,
  ]);
  const shown = await run(['incidents', 'show', result.incidentId, ...records()]);
  expect(shown.stdout).toContain('a rehearsal, started by');
});
