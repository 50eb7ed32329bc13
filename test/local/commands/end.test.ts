import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Load } from '../../../drill/loads/load.ts';
import { runHeadroom, startHeadroom } from '../../support/headroom.ts';
import { startLeakingServer, type LeakingServer } from '../../support/leaking-server.ts';

let staging: LeakingServer;
let load: Load;
beforeEach(async () => {
  staging = await startLeakingServer();
  load = await staging.leak();
});
afterEach(() => staging.stop());

const records = () => ['--records', join(staging.folder, 'records')];
const run = (args: readonly string[], typed = '') => runHeadroom([...args, ...records()], staging.environment, typed);
/** `invoices` is who leaks. */
const end = (...args: readonly string[]) => ['end', '--config', staging.configure(), '--user', 'invoices', ...args];
const WHY = ['--why', 'it leaks', '--by', 'ann'];
const lost = () => load.tally().sessions.filter(({ end: ending }) => ending === 'lost').length;

const document = z.looseObject({
  incidentId: z.nullable(z.string()),
  outcome: z.nullable(z.string()),
  ended: z.nullable(z.number()),
  left: z.nullable(z.number()),
  victims: z.array(z.looseObject({ user: z.string(), result: z.nullable(z.string()) })),
  spared: z.array(z.looseObject({ reason: z.string() })),
});

describe('end', () => {
  it('shows the plan, asks for the name, ends nobody unless it is typed, and exactly those when it is', async () => {
    const dry = document.parse(JSON.parse((await run(end('--dry-run', '--json', '--no-cap'))).stdout));
    expect(dry).toMatchObject({ incidentId: null, outcome: null, ended: null });
    expect(dry.victims.length).toBeGreaterThan(20);
    expect(dry.victims.every(({ user }) => user === 'invoices')).toBe(true);

    const refused = await run(end(...WHY), 'yes\n');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('not confirmed: nothing was ended');
    expect(refused.stdout).toContain('a pool reconnects');
    expect(lost()).toBe(0);

    const done = await run(end(...WHY, '--no-cap'), 'invoices\n');
    expect(done.status).toBe(0);
    expect(done.stderr).toContain('Type invoices to go on');
    expect(done.stdout).toContain(`${dry.victims.length} ended, usage now 3%`);
    expect(lost()).toBe(dry.victims.length);

    const told = readFileSync(join(staging.folder, 'notices'), 'utf8');
    expect(told).toContain(`ann ended ${dry.victims.length} sessions manually`);
    // Of what was not confirmed there is none.
    const incidents = z
      .array(z.looseObject({ id: z.string(), outcome: z.string() }))
      .parse(JSON.parse((await run(['incidents', 'list', '--json'])).stdout));
    expect(incidents).toHaveLength(1);
    const shown = (await run(['incidents', 'show', incidents[0]?.id ?? ''])).stdout;
    expect(shown).toContain('ann asked to end sessions of user invoices, beyond the budgets: it leaks');
    expect(shown.match(/terminate, ended; idle for/g)?.length).toBe(dry.victims.length);
  });

  it('stays within the caps unless they are lifted, and says so', async () => {
    const capped = document.parse(JSON.parse((await run(end(...WHY, '--yes', '--json'))).stdout));
    expect(capped).toMatchObject({ outcome: 'done', left: 0 });
    // 30% of 35 usable slots.
    expect(capped.ended).toBe(11);
    expect(capped.spared.filter(({ reason }) => reason === 'cap-tier').length).toBeGreaterThan(10);
    const words = await run(end('--dry-run'));
    expect(words.stdout).toContain('--no-cap lifts them');
    expect(lost()).toBe(11);
  });

  it('on Ctrl-C closes its incident, with what was ended on record', async () => {
    const started = startHeadroom(
      [
        ...end(...WHY, '--yes', '--json', '--config', staging.configure({ policy: { loop: { settleSeconds: 30 } } })),
        ...records(),
      ],
      staging.environment,
    );
    while (lost() === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    started.interrupt();
    const { status, stdout, stderr } = await started.finished;
    expect(status).toBe(4);
    expect(stderr).toContain('interrupted');
    expect(document.parse(JSON.parse(stdout))).toMatchObject({ outcome: 'failed', ended: lost(), left: null });
    expect((await run(['incidents', 'list', '--status', 'open'])).stdout).toContain(
      'no incidents in the local records',
    );
  });

  it('finds nobody of another name, and makes no incident of it', async () => {
    const { status, stdout } = await run([
      ...['end', '--config', staging.configure(), '--user', 'invoices', '--application', 'no-such-*'],
      ...WHY,
      ...['--yes', '--json'],
    ]);
    expect(status).toBe(0);
    expect(document.parse(JSON.parse(stdout))).toMatchObject({ victims: [], incidentId: null });
  });

  it('is held back by an open incident, which it names', async () => {
    const slow = staging.configure({ policy: { loop: { settleSeconds: 30 }, ages: { idleSeconds: 3 } } });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    const responding = startHeadroom(['respond', '--config', slow, '--json', ...records()], staging.environment);
    await responding.said('▶ Settle');
    const ended = lost();
    const held = await run(end(...WHY, '--yes'));
    expect(held.status).toBe(4);
    expect(held.stderr).toMatch(/incident staging-\S+ is open on staging/);
    expect(lost()).toBe(ended);
    responding.interrupt();
    await responding.finished;
  });
});
