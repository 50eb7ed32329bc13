import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../../functions/core/ports/stores/incidents.ts';
import { makeAlarmEvent } from '../../../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { DiagnoseResult } from '../../../functions/core/protocol/steps.ts';
import { act } from '../../../functions/act/act.ts';
import { close } from '../../../functions/close/close.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import { escalate } from '../../../functions/escalate/escalate.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { aPause } from '../../support/a-pause.ts';
import { aPolicy, aTarget } from '../../support/a-session.ts';
import { busy, calm, leak, lockedOut } from '../../support/looks.ts';
import { StepWorld } from '../../support/step-world.ts';

const MINUTE = 60_000;

let world: StepWorld;
let target: TargetSettings;
let incidentId: string;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(async () => {
  target = aTarget({ id: `stay${++count}` });
  world.at += 24 * 3_600_000;
  world.published.length = 0;
  world.topicFails = false;
  world.activeAlarms = [];
  world.snapshots = [busy];
  world.samples = [calm];
  incidentId = await world.openIncident(target);
  world.executions.set(incidentId, 'running');
  await world.store.notices.recordAttempt(incidentId, { notice: 'opened', at: world.at, delivered: true, error: '' });
});

const noticesOf = () => world.published.map(({ attributes }) => attributes.notice);
const incident = async () => {
  const found = await world.store.incidents.byId(incidentId);
  if (found === null) throw new Error('not there');
  return found;
};

/** One turn of the workflow, from Diagnose to the next wait, which passes. Returns where it went. */
async function turn(): Promise<DiagnoseResult['next']> {
  const look = await diagnose({ schema: SCHEMA, incidentId }, world);
  const { next, round, outcome } = look;
  const pass = (seconds: number) => (world.at += seconds * 1000);
  if (next === 'settle') pass(look.settleSeconds);
  else if (next === 'watch') pass(look.watchSeconds);
  else if (next === 'stay') pass(look.staySeconds);
  else if (next === 'escalate') {
    const page = await escalate({ incidentId, error: null }, world);
    if (page.next === 'stay') pass(look.staySeconds);
    else await end('escalated');
  } else if (next === 'close') await end(outcome);
  else if (next !== 'ask') {
    await act({ schema: SCHEMA, incidentId, round, tier: next }, world);
    pass(look.settleSeconds);
  }
  return next;
}

async function end(outcome: DiagnoseResult['outcome']): Promise<void> {
  await close({ incidentId, outcome, error: null }, world);
  await notify({ incidentId }, world);
}

async function turnsUntil(wanted: DiagnoseResult['next'], most = 200): Promise<DiagnoseResult['next'][]> {
  const seen: DiagnoseResult['next'][] = [];
  while (seen.at(-1) !== wanted && seen.length < most) seen.push(await turn());
  expect(seen.at(-1)).toBe(wanted);
  return seen;
}

describe('an incident that has paged a person', () => {
  it('goes on looking, acts when something has become permissible, and is resolved', async () => {
    await turnsUntil('escalate');
    const { escalation } = await incident();
    expect(escalation).toMatchObject({ state: 'pressing', staysUntil: (escalation?.at ?? 0) + 60 * MINUTE });
    expect(world.published[0]?.body).toMatch(/Next +Headroom stays until .* UTC: it keeps looking/);
    expect([await turn(), await turn()]).toEqual(['stay', 'stay']);

    world.snapshots = [leak];
    expect(await turn()).toBe('kill-idle');
    expect(world.ends.at(-1)?.victims.length).toBeGreaterThan(0);
    world.snapshots = [calm];
    const rest = await turnsUntil('close');
    expect(new Set(rest)).toEqual(new Set(['watch', 'close']));
    expect(await incident()).toMatchObject({ status: 'closed', outcome: 'relieved' });
    expect(noticesOf()).toEqual(['escalated', 'resolved']);
    expect(world.published[1]?.subject).toMatch(/relieved after the page, 100.* -> 50/);
  });

  it('is relieved too when the server comes good by itself', async () => {
    await turnsUntil('escalate');
    world.snapshots = [calm];
    await turnsUntil('close');
    expect(await incident()).toMatchObject({ outcome: 'relieved', endedCount: 0 });
  });

  it('ends as escalated when its time is up, after one page, with looks a minute apart', async () => {
    await turnsUntil('escalate');
    const stays = await turnsUntil('close');
    expect(stays.length).toBeGreaterThan(55);
    expect(stays.length).toBeLessThan(70);
    expect(await incident()).toMatchObject({ outcome: 'escalated' });
    expect(noticesOf()).toEqual(['escalated']);
  });

  it('ends with the page where the policy says so', async () => {
    const policy = aPolicy({ loop: { ...aPolicy().loop, stayMinutes: 0 } });
    incidentId = await world.openIncident(aTarget({ id: `stay${++count}`, policy }));
    await turnsUntil('escalate');
    expect(await incident()).toMatchObject({ status: 'closed', outcome: 'escalated' });
  });

  it('waits through a pause, and acts once it is lifted', async () => {
    await turnsUntil('escalate');
    world.snapshots = [leak];
    await world.store.pauses.put(aPause({ targetId: target.id, tier: null, at: world.at }));
    expect(await turn()).toBe('stay');
    await world.store.pauses.lift({ targetId: target.id, tier: null });
    expect(await turn()).toBe('kill-idle');
  });

  it('pages once more when Headroom itself is locked out, and then no more', async () => {
    await turnsUntil('escalate');
    world.snapshots = [lockedOut];
    expect(await turn()).toBe('escalate');
    expect([await turn(), await turn()]).toEqual(['stay', 'stay']);
    expect(noticesOf()).toEqual(['escalated', 'changed']);
    expect(world.published[1]?.subject).toContain('still needs a person');
  });

  it('joins a new alarm and starts nothing', async () => {
    await turnsUntil('escalate');
    const event = makeAlarmEvent({ settings: target, at: world.at });
    const joined = await dispatch({ schema: SCHEMA, target, event }, world);
    expect(joined).toEqual({ result: 'joined', incidentId });
    expect(await incident()).toMatchObject({ joinedCount: 1, status: 'open' });
  });

  it('ends at its next look when a person closes it', async () => {
    await turnsUntil('escalate');
    await world.store.incidents.change(incidentId, { closing: { by: 'ann', at: world.at, note: '' } });
    expect(await turn()).toBe('close');
    expect(await incident()).toMatchObject({ status: 'closed', outcome: 'escalated' });
    expect((await world.store.rounds.of(incidentId)).at(-1)?.why).toContain('closed by ann');
  });

  it('whose workflow cannot go on says so, and ends', async () => {
    await turnsUntil('escalate');
    const broken = await escalate({ incidentId, error: { Error: 'SchemaMismatch' } }, world);
    expect(broken.next).toBe('close');
    expect(noticesOf()).toEqual(['escalated', 'changed']);
    // The step is repeated when its answer is lost: nobody is paged for that.
    expect(await escalate({ incidentId, error: { Error: 'SchemaMismatch' } }, world)).toMatchObject({ next: 'close' });
    expect(noticesOf()).toEqual(['escalated', 'changed']);
  });
});

describe('the reconciler and an incident that stays open after its page', () => {
  const sweep = () => reconcile({ schema: SCHEMA, target }, world);

  it('lets it be, longer than any lease', async () => {
    await turnsUntil('escalate');
    await world.store.notices.acknowledge(incidentId, { by: 'ann', at: world.at, note: '' });
    world.at += 2 * LEASE_MS;
    expect((await sweep()).repaired).toEqual([]);
    expect(await incident()).toMatchObject({ status: 'open' });
  });

  it('closes it as failed when its workflow died', async () => {
    await turnsUntil('escalate');
    world.executions.set(incidentId, 'aborted');
    await sweep();
    expect(await incident()).toMatchObject({ outcome: 'failed' });
    expect(noticesOf()).toEqual(['escalated', 'failed']);
  });

  it('repeats its page while it has no relief and nobody has acknowledged it', async () => {
    await turnsUntil('escalate');
    for (let minute = 0; minute < 31; minute++) {
      world.at += MINUTE;
      await sweep();
    }
    expect(noticesOf()).toEqual(['escalated', 'page-2', 'page-3']);
    await world.store.incidents.change(incidentId, { reliefAt: world.at });
    world.at += 20 * MINUTE;
    await sweep();
    expect(noticesOf()).toHaveLength(3);
  });

  it('sends a page that did not go out', async () => {
    world.topicFails = true;
    await turnsUntil('escalate');
    world.topicFails = false;
    await sweep();
    expect(noticesOf()).toEqual([]);
    world.at += 2 * MINUTE;
    await sweep();
    expect(noticesOf()).toEqual(['escalated']);
  });

  it.each([
    [60, 5],
    [0, 30],
  ])('takes a full server up again: after %i minutes of staying, %i minutes later', async (stayMinutes, minutes) => {
    const policy = aPolicy({
      loop: { ...aPolicy().loop, stayMinutes },
      escalation: { repeatMinutes: 15, maxRepeats: 0 },
    });
    target = aTarget({ id: `stay${++count}`, policy });
    incidentId = await world.openIncident(target);
    world.executions.set(incidentId, 'running');
    await turnsUntil(stayMinutes === 0 ? 'escalate' : 'close');
    const { closedAt } = await incident();
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    world.at = (closedAt ?? 0) + minutes * MINUTE - 1_000;
    expect((await sweep()).repaired).toEqual([]);
    world.at += 2_000;
    expect((await sweep()).repaired.join()).toContain('dispatched');
  });
});
