import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Policy } from '../../../functions/core/policy/policy.ts';
import type { SparedReason } from '../../../functions/core/policy/spared.ts';
import type { Snapshot } from '../../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot, type Diagnosis } from '../../../functions/core/verdict/diagnosis.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aPolicy, NEW_TO_ALL } from '../../support/a-session.ts';
import { endSessions, openWorker, sessionOf, takeSnapshot, victimOf, type Stage, type StageClient } from './stage.ts';

/** Sessions that hold what others would take, or what nobody could give back. */
export function describeHolding(stage: () => Stage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  test('who holds a mutex is spared by every tier, whether idle, in a transaction or at work', async () => {
    const [idle, inTransaction, busy] = [await stage().open(), await stage().open(), await stage().open()];
    const order = victimOf(sessionOf(await takeSnapshot(worker), idle), { holdsNothing: true });
    await idle.holdAdvisoryLock(1);
    await inTransaction.begin();
    const laterOrder = victimOf(sessionOf(await takeSnapshot(worker), inTransaction), { holdsNothing: true });
    await inTransaction.holdAdvisoryLock(2);
    await busy.holdAdvisoryLock(3);
    await busy.startQuery(20);
    const snapshot = await takeSnapshot(worker);
    const { holdings } = stage().shows;
    for (const client of [idle, inTransaction, busy]) {
      expect(sessionOf(snapshot, client).holds).toEqual(holdings ? ['advisory-lock'] : []);
      if (holdings) expect(reasonOf(planOnFull(snapshot), client)).toBe('holds-advisory-lock');
    }
    const busyOrder = victimOf(sessionOf(snapshot, busy), { holdsNothing: true }, 'cancel');
    const endings = await endSessions(worker, [order, laterOrder, busyOrder]);
    expect(endings.map(({ result }) => result)).toEqual(
      holdings ? ['changed', 'changed', 'changed'] : ['ended', 'ended', 'cancelled'],
    );
  });

  test('those that queue behind a mutex are no gain, and do not have its holder ended', async () => {
    const holder = await stage().open();
    await holder.begin();
    await holder.holdAdvisoryLock(7);
    const queue = await Promise.all([1, 2, 3, 4].map(() => stage().open({ as: 'other-app' })));
    for (const client of queue) await client.startWaitingForAdvisoryLock(7);
    const { plan, locks, cause } = planOnFull(await takeSnapshot(worker));
    expect(reasonOf({ plan }, holder)).toBe('holds-advisory-lock');
    for (const client of queue) expect(reasonOf({ plan }, client)).toBe('waits-for-lock');
    expect(locks.behind.size).toBe(0);
    expect([...locks.behindMutex].map(([id, waiters]) => [id, waiters.length])).toEqual([[holder.id, 4]]);
    expect(cause.name).toBe('lock-contention');
    expect(cause.evidence.join('\n')).toContain(`session ${holder.id} of`);
  });
}

/** What Headroom would do with no age to wait for, were every slot of the server taken. */
export function planOnFull(snapshot: Snapshot): Diagnosis {
  const { ages, ...policy } = aPolicy({ reliefPercent: 1, minimumPerPool: 0, collateral: 'spare-idle' });
  const ageless = Object.fromEntries(Object.keys(ages).map((name) => [name, 0])) as Policy['ages'];
  const caps = { perTierPercent: 100, perIncidentPercent: 100, perHourPercent: 100 };
  const full = { ...snapshot, limits: { ...snapshot.limits, usable: snapshot.used } };
  const young = { ...policy, caps, ages: { ...ageless, blockerMinWaiters: 1 } };
  return diagnoseSnapshot(full, { policy: young, mode: 'act' }, NEW_TO_ALL);
}

/** Why a session is spared, or that it is ended. */
export function reasonOf({ plan }: Pick<Diagnosis, 'plan'>, { id }: Pick<StageClient, 'id'>): SparedReason | 'ended' {
  if (plan.tiers.some(({ victims }) => victims.some(({ session }) => session.identity.id === id))) return 'ended';
  const spared = plan.spared.find(({ session }) => session.identity.id === id);
  if (spared === undefined) throw new Error(`session ${id} is not in the plan`);
  return spared.reason;
}
