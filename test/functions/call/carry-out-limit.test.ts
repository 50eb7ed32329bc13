import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { proposeLimit } from '../../../functions/call/carry-out-limit.ts';
import { liftByPerson } from '../../../functions/call/lift-limit.ts';
import { close } from '../../../functions/close/close.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { LEASE_MS } from '../../../functions/core/ports/stores/incidents.ts';
import { WorkerFault } from '../../../functions/core/protocol/errors.ts';
import { LATE_MS } from '../../../functions/core/record/limit-lift.ts';
import { deliverPending } from '../../../functions/incident/deliver.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { liftOnStop } from '../../../local/runs/lift-on-stop.ts';
import { aLimitCall, HALF_AN_HOUR, limitByPerson } from '../../support/a-limit.ts';
import { aPause } from '../../support/a-pause.ts';
import { StepWorld } from '../../support/step-world.ts';
import { aLimitingTarget, aStorm, CHECKOUT } from '../../support/storming.ts';

let world: StepWorld;
let target: TargetSettings;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aLimitingTarget({ id: `m${++count}` });
  world.at += 24 * 3_600_000;
  world.ends.length = 0;
  world.published.length = 0;
  world.limitRequests.length = 0;
  world.onLimit = () => null;
  had(null);
});

/** What the user has before. */
function had(before: number | null): void {
  world.limits.clear();
  world.limits.set(CHECKOUT, before);
  look();
}
function look(): void {
  world.snapshots = [aStorm(world.limits)];
}
const onServer = () => world.limits.get(CHECKOUT);
const sweep = () => reconcile({ schema: 1, target }, world);
const onRecord = () => world.store.limits.of(target.id);

describe('a limit of a person', () => {
  it('is an incident of its own, on record with its end and with what was before, and one notice', async () => {
    const { incident, until } = await limitByPerson(target, world);
    expect(onServer()).toBe(60);
    expect(until).toBe(world.at + HALF_AN_HOUR);
    expect(await onRecord()).toMatchObject([{ user: CHECKOUT, limit: 60, before: null, isSet: true, until }]);
    expect(incident).toMatchObject({
      status: 'closed',
      outcome: 'done',
      endedCount: 0,
      call: { by: 'ann', why: 'it storms', limit: { connections: 60 } },
      pendingNotices: ['done'],
    });
    expect(await world.store.acts.of(incident.id)).toMatchObject([
      { tier: 'by-hand', counted: 0, victims: [], limit: { result: 'done', until } },
    ]);
    expect(world.ends).toEqual([]);
    await deliverPending(incident, world);
    expect(world.published[0]?.subject).toBe(
      `[Headroom] ${target.id}: ann limited checkout to 60 connections for 30 min; 100% used`,
    );
    expect(world.published[0]?.body).toContain(
      'limited the user checkout to 60 connections (before: no limit): until 2026',
    );
  });

  it.each([null, 95])(
    'stays until its time is over, and not longer: then what was before (%s) is back',
    async (before) => {
      had(before);
      const { incident, until } = await limitByPerson(target, world);
      world.at = (until ?? 0) - 1;
      await sweep();
      expect(onServer()).toBe(60);
      world.at += 1;
      expect((await sweep()).repaired).toContain('limit on checkout: lifted');
      expect(onServer()).toBe(before);
      expect(await onRecord()).toEqual([]);
      expect(await world.store.limits.settledOf(incident.id)).toMatchObject([{ end: 'lifted', before }]);
    },
  );

  it('is no limit of an incident that opens meanwhile: none comes over it, nobody is ended for it, and its closing lifts nothing', async () => {
    had(95);
    const { until } = await limitByPerson(target, world);
    look();
    const id = await world.openIncident(target);
    world.executions.set(id, 'running');
    const acted = await act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, world);
    expect(acted.held).not.toBeNull();
    expect(world.limitRequests).toHaveLength(1);
    expect(world.ends).toEqual([]);
    await close({ incidentId: id, outcome: 'escalated', error: null }, world);
    await sweep();
    expect(onServer()).toBe(60);
    expect(await onRecord()).toMatchObject([{ before: 95, until }]);
    world.at = until ?? 0;
    await sweep();
    expect(onServer()).toBe(95);
  });

  it('that somebody changes by hand meanwhile is left, as any other', async () => {
    const { incident, until } = await limitByPerson(target, world);
    world.limits.set(CHECKOUT, 20);
    world.at = until ?? 0;
    await sweep();
    expect(onServer()).toBe(20);
    expect(await world.store.limits.settledOf(incident.id)).toMatchObject([{ end: 'changed-by-hand' }]);
  });

  it('of which nobody knows whether it was set is lifted at once, and people are told', async () => {
    const proposal = limitByPerson(target, {
      ...world,
      worker: {
        ...world.worker,
        limit: async (...order: Parameters<typeof world.worker.limit>) => {
          await world.worker.limit(...order);
          throw new WorkerFault('worker timed out');
        },
      },
    });
    expect(await proposal).toMatchObject({ until: null, incident: { outcome: 'failed', pendingNotices: ['failed'] } });
    expect(onServer()).toBe(60);
    await sweep();
    expect(onServer()).toBeNull();
    expect(await onRecord()).toEqual([]);
  });

  it('whose command dies before it could say so is lifted when its lease is over', async () => {
    const forever = new Promise<never>(() => undefined);
    let isSet = (): void => undefined;
    const set = new Promise<void>((resolve) => (isSet = resolve));
    const limits = Object.create(world.store.limits, {
      confirm: { value: () => (isSet(), forever) },
    }) as typeof world.store.limits;
    void limitByPerson(target, { ...world, store: { ...world.store, limits } });
    await set;
    await sweep();
    expect(onServer()).toBe(60);
    world.at += LEASE_MS + 1;
    await sweep();
    expect(onServer()).toBeNull();
    world.at += LATE_MS;
    await sweep();
    expect(await onRecord()).toEqual([]);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
  });

  it('is refused while an incident is open, in a pause, under what is due, and beside another limit', async () => {
    const pause = aPause({ targetId: target.id });
    await world.store.pauses.put(pause);
    await expect(limitByPerson(target, world)).rejects.toThrow('paused by ann');
    await world.store.pauses.lift(pause);
    await expect(limitByPerson(target, world, aLimitCall(4))).rejects.toThrow(/4 is too low, .*ask for 5 or more/);
    await expect(limitByPerson(target, world, aLimitCall(50, 'shop'))).rejects.toThrow(
      `npx --no headroom grants --cap-users shop --target ${target.id}`,
    );
    const id = await world.openIncident(target);
    await expect(limitByPerson(target, world)).rejects.toThrow(id);
    await world.store.incidents.close(id, { outcome: 'done', at: world.at, failure: null, notice: null });
    await limitByPerson(target, world);
    look();
    world.at += 1;
    await expect(limitByPerson(target, world, aLimitCall(40))).rejects.toThrow('a person has limited it to 60, until');
    expect(onServer()).toBe(60);
  });

  it('is not set where a pause, or another hand, comes between the question and the act', async () => {
    const proposal = await proposeLimit(target, aLimitCall(), world);
    had(80);
    const { carryOutLimit } = await import('../../../functions/call/carry-out-limit.ts');
    const changed = await carryOutLimit(proposal, world);
    expect(changed).toMatchObject({ until: null, incident: { outcome: 'failed', pendingNotices: [] } });
    expect(changed.incident.failure?.detail).toContain('its limit was none, and is 80 by now');
    had(null);
    const worker = {
      ...world.worker,
      snapshot: async () => {
        await world.store.pauses.put(aPause({ targetId: target.id }));
        return world.worker.snapshot();
      },
    };
    world.at += 1;
    const paused = await carryOutLimit(proposal, { ...world, worker });
    expect(paused.incident).toMatchObject({ outcome: 'failed', failure: { error: 'CallRefused' } });
    expect(onServer()).toBeNull();
    expect(await onRecord()).toEqual([]);
  });
});

describe('a limit of a person is lifted early', () => {
  it('by a person, also in a pause, and the record says who', async () => {
    const { incident } = await limitByPerson(target, world);
    await world.store.pauses.put(aPause({ targetId: target.id }));
    const [limit] = await onRecord();
    if (limit === undefined) throw new Error('no limit on record');
    expect(await liftByPerson(target, limit, { by: 'bob', why: 'over' }, world)).toEqual({
      kind: 'settled',
      end: 'lifted',
    });
    expect(onServer()).toBeNull();
    expect(await onRecord()).toEqual([]);
    expect(await world.store.limits.settledOf(incident.id)).toMatchObject([{ end: 'lifted', dropped: { by: 'bob' } }]);
  });

  it('not while its incident is open, nor off the record while the server may have it', async () => {
    const id = await world.openIncident(target);
    await act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, world);
    const [limit] = await onRecord();
    if (limit === undefined) throw new Error('no limit on record');
    const lift = () => liftByPerson(target, limit, { by: 'bob', why: 'over' }, world);
    await expect(lift()).rejects.toThrow(`incident ${id} is still open`);
    await world.store.incidents.close(id, { outcome: 'done', at: world.at, failure: null, notice: null });
    world.onLimit = () => {
      throw new WorkerFault('worker timed out');
    };
    expect(await lift()).toMatchObject({ kind: 'stuck' });
    expect(await onRecord()).toHaveLength(1);
  });

  it('when the watch ends that would lift it, and one of an open incident stays', async () => {
    await limitByPerson(target, world);
    world.limits.set('other', 7);
    const id = await world.openIncident(target);
    world.executions.set(id, 'running');
    await world.store.limits.record({
      ...{ targetId: target.id, incidentId: id, user: 'other', account: '"other"', limit: 7, before: null },
      ...{ at: world.at, setBy: world.at, isSet: true, toldAt: null },
    });
    await liftOnStop({ store: world.store, reconcile: sweep, now: world.now }, [target]);
    expect(onServer()).toBeNull();
    expect(world.limits.get('other')).toBe(7);
  });
});
