import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openLocalRecords } from '../../../local/options/open-records.ts';
import { startHeadroom } from '../../support/headroom.ts';
import { startInTerminal } from '../../support/terminal.ts';
import { onStaging } from './on-staging.ts';

const { staging, leak, records, run, respond, notices } = onStaging(['invoices']);

describe('respond', () => {
  it('can be paused from another terminal while it runs, and its records are nobody else’s to run on', async () => {
    await leak();
    const policy = {
      loop: { settleSeconds: 30, holdSeconds: 0 },
      ages: { idleSeconds: 3 },
      caps: { perTierPercent: 10 },
    };
    const config = staging().configure({ policy });
    const started = startHeadroom(['respond', '--config', config, '--json', ...records()], staging().environment);
    await started.said('▶ Settle');
    const paused = await run([
      'pause',
      '--target',
      'staging',
      '--config',
      config,
      '--why',
      'enough for now',
      ...records(),
    ]);
    expect(paused.status).toBe(0);
    const second = await respond(config);
    expect(second).toMatchObject({ status: 4, stdout: '' });
    expect(second.stderr).toMatch(/headroom respond \(pid \d+, since .* UTC\) uses the records in/);
    const { stdout } = await started.finished;
    const { outcome, ended, notifications } = z
      .looseObject({
        outcome: z.string(),
        ended: z.array(z.looseObject({ round: z.number() })),
        notifications: z.array(z.looseObject({ body: z.string() })),
      })
      .parse(JSON.parse(stdout));
    expect(outcome).toBe('observed');
    expect(new Set(ended.map(({ round }) => round))).toEqual(new Set([1]));
    expect(notifications.at(-1)?.body).toContain('enough for now');
  });

  it('on Ctrl-C closes the incident as interrupted, pages where it is still full, and frees the target', async () => {
    await leak();
    const config = staging().configure({ policy: { loop: { settleSeconds: 30 }, ages: { idleSeconds: 3 } } });
    // Nothing listens there.
    const isAway = 'notify:\n  webhook: http://127.0.0.1:12/token';
    writeFileSync(config, readFileSync(config, 'utf8').replace('notify:', isAway));
    const started = startHeadroom(['respond', '--config', config, '--json', ...records()], staging().environment);
    await started.said('▶ Settle');
    started.interrupt();
    const { status, stdout, stderr } = await started.finished;
    expect(status).toBe(4);
    const result = z.looseObject({ incidentId: z.string() }).parse(JSON.parse(stdout));
    expect(result).toMatchObject({ outcome: 'interrupted', failure: { error: 'interrupted' } });
    expect(notices().at(-1)).toMatch(/CRITICAL.*stopped by \S+; \d+% used at the last look/);
    // The channel that failed is named on the terminal, on record and by the other channel, once.
    const unwrapped = stderr.replaceAll(/\n {12}/g, ' ');
    expect(unwrapped).toMatch(/NOT notified: .*100% used.*: notify.webhook: .*ECONNREFUSED/);
    expect(stderr).not.toContain('token');
    expect(notices().filter((subject) => subject.includes('do not arrive by notify.webhook'))).toHaveLength(1);
    expect(notices()).toHaveLength(3);
    const { stdout: shown } = await run(['incidents', 'show', result.incidentId, ...records()]);
    expect(shown).toMatch(/notified +interrupted, \S+: not delivered \(NotDelivered: notify.webhook: ECONNREFUSED/);
    expect(shown).toContain('pending    interrupted');
    expect(JSON.parse((await respond(staging().configure())).stdout)).toMatchObject({ outcome: 'not-needed' });
  });

  it('ends on Ctrl-C in a terminal while a question waits, and pages nobody once relief has come', async () => {
    await leak();
    const loop = { holdSeconds: 60 };
    const policy = { loop, ages: { idleSeconds: 3 } };
    const ask = staging().configure({ mode: 'approve', policy });
    const asked = startInTerminal(['respond', '--config', ask, ...records()], staging().environment);
    await asked.said('yes or no: ');
    asked.type('\u0003');
    expect((await asked.finished).status).toBe(4);
    expect(notices().at(-1)).toMatch(/CRITICAL.*stopped by/);

    const act = staging().configure({ policy });
    const relieved = startInTerminal(['respond', '--config', act, ...records()], staging().environment);
    const [, incidentId = ''] = await relieved.said(/incident (\S+) \(opened\)/);
    await relieved.said('WatchForRebound');
    await limitInvoices(incidentId);
    expect(await staging().server.limitedUsers()).toEqual(['invoices']);
    relieved.type('\u0003');
    expect((await relieved.finished).status).toBe(4);
    expect(await staging().server.limitedUsers()).toEqual([]);
    expect(notices().at(-1)).toMatch(/^\[Headroom\] staging: relieved, then stopped by/);
    const shown = JSON.parse((await run(['incidents', 'list', '--json', ...records()])).stdout) as unknown;
    expect(shown).toMatchObject([{ outcome: 'interrupted' }, { outcome: 'interrupted' }]);
  });
});

/** As the incident would have limited the user: on the server and on record. */
async function limitInvoices(incidentId: string): Promise<void> {
  await staging().server.asAdmin('ALTER ROLE invoices CONNECTION LIMIT 99');
  const records = await openLocalRecords(join(staging().folder, 'records'), 'headroom');
  const at = Date.now();
  const limit = { targetId: 'staging', incidentId, user: 'invoices', account: 'invoices', limit: 99, before: null };
  await records.store.limits.record({ ...limit, at, setBy: at, isSet: true, toldAt: null });
  await records.close();
}
