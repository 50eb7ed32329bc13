import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { carryOutCall, proposeCall } from '../../../functions/call/carry-out-call.ts';
import type { PersonsCall } from '../../../functions/core/plan/call.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../../../functions/core/protocol/alarm-event.ts';
import type { Incident } from '../../../functions/core/record/incident.ts';
import type { Snapshot } from '../../../functions/core/server/snapshot.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import { deliverPending } from '../../../functions/incident/deliver.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { aCall } from '../../support/a-call.ts';
import { aPause } from '../../support/a-pause.ts';
import { active, aSession, aSnapshot, aTarget, many } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let target: TargetSettings;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `c${++count}` });
  world.at += 24 * 3_600_000;
  world.ends.length = 0;
  world.starts.length = 0;
  world.published.length = 0;
  world.activeAlarms = [];
  world.onEnd = () => 'ended';
});

const OTHERS = many(60, 100, (id) => active(id, { user: 'web' }));
const full = aSnapshot(100, [...many(20, 1, (id) => aSession(id)), ...OTHERS]);
const without = (...ids: readonly number[]): Snapshot =>
  aSnapshot(
    100,
    full.sessions.filter(({ identity }) => !ids.includes(identity.id)),
  );
const empty = aSnapshot(100, OTHERS);

async function call(looks: readonly Snapshot[], changed: Partial<PersonsCall> = {}) {
  world.snapshots = [...looks];
  const proposal = await proposeCall(target, aCall(changed), world);
  return { proposal, result: await carryOutCall(proposal, world) };
}

async function opened(): Promise<Incident> {
  await dispatch({ schema: 1, target, event: makeAlarmEvent({ settings: target, at: world.at }) }, world);
  const incident = await world.store.incidents.openOf(target.id);
  if (!incident) throw new Error('not opened');
  return incident;
}

describe('a person’s call', () => {
  it('is an incident of its own: who and why, the plan, the acts with their results, and one notice', async () => {
    const { result } = await call([full, full, empty]);
    expect(result.left).toEqual(new Set());
    expect(result.incident).toMatchObject({
      status: 'closed',
      outcome: 'done',
      call: { by: 'ann', why: 'it leaks', user: 'app' },
      endedCount: 20,
      usageBefore: 80,
      usageAfter: 60,
      pendingNotices: ['done'],
    });
    const acts = await world.store.acts.of(result.incident.id);
    expect(acts).toMatchObject([{ tier: 'by-hand', round: 1, counted: 20 }]);
    expect(acts[0]?.victims.every(({ result: ending }) => ending === 'ended')).toBe(true);
    expect(await world.store.rounds.of(result.incident.id)).toHaveLength(2);
    expect(await world.store.acts.tallies(target.id, 0)).toMatchObject([{ counted: 20 }]);
    await deliverPending(result.incident, world);
    expect(world.published.map(({ subject }) => subject)).toEqual([
      `[Headroom] ${target.id}: ann ended 20 sessions manually; 80% -> 60%`,
    ]);
    expect(world.published[0]?.body).toContain('Call      ann asked to end sessions of user app: it leaks');
  });

  it('ends nobody who was not in the plan that was confirmed, however alike', async () => {
    const later = aSnapshot(100, [...full.sessions, ...many(10, 50, (id) => aSession(id))]);
    const { result } = await call([full, later, later]);
    const ended = world.ends.flatMap(({ victims }) => victims.map(({ identity }) => identity.id));
    expect(ended.filter((id) => id >= 50)).toEqual([]);
    // Every act found the same sessions, which this server keeps showing.
    expect(result.left?.size).toBe(20);
  });

  it('tries a session again that changed its state, three times at most, and says who is left', async () => {
    world.onEnd = (id) => (id <= 2 ? 'changed' : 'ended');
    const two = without(...many(18, 3, (id) => id));
    const { result } = await call([full, full, two, two, two]);
    expect(world.ends.map(({ victims }) => victims.length)).toEqual([20, 2, 2]);
    expect(result.left?.size).toBe(2);
    expect(result.incident).toMatchObject({ outcome: 'done', endedCount: 18 });
  });

  it('does not end twice what was told to end and still shows', async () => {
    world.onEnd = (id) => (id === 1 ? 'still-there' : 'ended');
    const one = without(...many(19, 2, (id) => id));
    const { result } = await call([full, full, one]);
    expect(world.ends).toHaveLength(1);
    expect(result.left?.size).toBe(1);
  });

  it('is refused while an incident is open on the target, which it names and does not touch', async () => {
    const incident = await opened();
    world.snapshots = [full];
    await expect(proposeCall(target, aCall(), world)).rejects.toThrow(incident.id);
    world.snapshots = [full];
    const proposal = { target, call: aCall(), snapshot: full, plan: { victims: [], spared: [], others: 0 } };
    await expect(carryOutCall(proposal, world)).rejects.toThrow(incident.id);
    expect(await world.store.incidents.openOf(target.id)).toMatchObject({ id: incident.id, joinedCount: 0 });
    expect(world.ends).toEqual([]);
  });

  it('is refused where everything or the target is paused, and stops at its next act', async () => {
    const pause = aPause({ targetId: target.id });
    await world.store.pauses.put(pause);
    world.snapshots = [full];
    await expect(proposeCall(target, aCall(), world)).rejects.toThrow('paused by ann: maintenance; lift it first');
    await world.store.pauses.lift(pause);
    const proposal = await proposeCall(target, aCall(), world);
    const worker = {
      ...world.worker,
      snapshot: async () => {
        await world.store.pauses.put(pause);
        return world.worker.snapshot();
      },
    };
    const { incident } = await carryOutCall(proposal, { ...world, worker });
    expect(incident).toMatchObject({ outcome: 'failed', failure: { error: 'CallRefused' }, endedCount: 0 });
    // Whoever called hears of it at once; there is nobody else to tell.
    expect(incident.pendingNotices).toEqual([]);
    expect(world.ends).toEqual([]);
  });

  it('is refused on a server it does not get into, may not act on, or where somebody else acts', async () => {
    const refusal = { kind: 'full', code: '53300', message: 'too many clients' } as const;
    world.snapshots = [{ schema: 1, ok: false, refusal, attempts: 3, waitedMs: 60_000 }];
    await expect(proposeCall(target, aCall(), world)).rejects.toThrow('could not get in (full)');
    for (const bar of [
      { visibility: { ...full.visibility, maySignal: false } },
      { server: { ...full.server, tested: false } },
      { othersActing: true },
    ]) {
      world.snapshots = [{ ...full, ...bar }];
      await expect(proposeCall(target, aCall(), world)).rejects.toMatchObject({ name: 'CallRefused' });
    }
  });

  it('fails when the worker dies, with its victims on record and counted in full', async () => {
    world.snapshots = [full];
    const proposal = await proposeCall(target, aCall(), world);
    const worker = {
      ...world.worker,
      end: () => Promise.reject(Object.assign(new Error('gone'), { name: 'WorkerFault' })),
    };
    const { incident, left } = await carryOutCall(proposal, { ...world, worker });
    expect(left).toBeNull();
    expect(incident).toMatchObject({ outcome: 'failed', pendingNotices: ['failed'] });
    expect(await world.store.acts.tallies(target.id, 0)).toMatchObject([{ counted: 20, finishedAt: null }]);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
  });
});

describe('beside a person’s call', () => {
  const abandoned = async (): Promise<Incident> => {
    world.snapshots = [full];
    const proposal = await proposeCall(target, aCall(), world);
    let open: Incident | null = null;
    const worker = {
      ...world.worker,
      snapshot: async () => {
        open = await world.store.incidents.openOf(target.id);
        return new Promise<never>(() => undefined);
      },
    };
    void carryOutCall(proposal, { ...world, worker });
    while (open === null) await new Promise((resolve) => setTimeout(resolve, 5));
    return open;
  };

  it('an alarm joins and starts no workflow; the reconciler takes it up as soon as the call is over', async () => {
    const { id } = await abandoned();
    const event = makeAlarmEvent({ settings: target, at: world.at });
    expect(await dispatch({ schema: 1, target, event }, world)).toEqual({ result: 'joined', incidentId: id });
    expect(await reconcile({ schema: 1, target }, world)).toEqual({ repaired: [] });
    expect(world.starts).toEqual([]);
    await world.store.incidents.close(id, { outcome: 'done', at: world.at, failure: null, notice: null });
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    expect((await reconcile({ schema: 1, target }, world)).repaired.join()).toContain('dispatched');
  });

  it('one whose command is gone is closed as failed by the reconciler, and taken over by the next call', async () => {
    const { id } = await abandoned();
    world.at += 601_000;
    const { result } = await call([full, full, empty]);
    expect(await world.store.incidents.byId(id)).toMatchObject({
      outcome: 'failed',
      failure: { error: 'LeaseExpired' },
    });
    expect(result.incident.outcome).toBe('done');

    const next = await abandoned();
    world.at += 601_000;
    await reconcile({ schema: 1, target }, world);
    expect(await world.store.incidents.byId(next.id)).toMatchObject({
      outcome: 'failed',
      failure: { error: 'abandoned' },
    });
    const told = world.published.map(({ attributes }) => [attributes.notice, attributes.incidentId]);
    expect(told).toContainEqual(['failed', next.id]);
  });

  it('what it ended counts against the hour of the next incident, and not as a cause that comes again', async () => {
    for (let time = 0; time < 4; time++) {
      world.at += 60_000;
      await call([full, full, empty]);
    }
    const { id } = await opened();
    const leak = aSnapshot(
      100,
      many(100, 1, (each) => aSession(each)),
    );
    world.snapshots = [leak];
    expect((await diagnose({ schema: 1, incidentId: id }, world)).next).toBe('kill-idle');
    // 80 of the 100 that an hour has are used up.
    expect((await world.store.rounds.of(id))[0]?.planned).toMatchObject({ 'kill-idle': 20 });
  });
});
