import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { WorkerFault } from '../../../functions/core/protocol/errors.ts';
import type { LimitRecord } from '../../../functions/core/record/limit.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { StepWorld } from '../../support/step-world.ts';
import { aLimitingTarget, aStorm, CHECKOUT } from '../../support/storming.ts';

let world: StepWorld;
let count = 0;
let id: string;
let targetId: string;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(async () => {
  targetId = `s${++count}`;
  id = await world.openIncident(aLimitingTarget({ id: targetId }));
  world.ends.length = 0;
  world.limitRequests.length = 0;
  world.onLimit = () => null;
  world.limits.clear();
  world.limits.set(CHECKOUT, null);
  world.snapshots = [aStorm(world.limits)];
});

const limitNow = (round = 1) => act({ schema: 1, incidentId: id, round, tier: 'cap-consumer' }, world);
const recorded = async () => (await world.store.acts.of(id))[0];

describe('an act that limits a user', () => {
  it('has the value before on record before the worker is asked, and ends nobody before the limit stands', async () => {
    let onRecord: LimitRecord[] = [];
    const watching = {
      ...world,
      worker: {
        ...world.worker,
        limit: async (...order: Parameters<typeof world.worker.limit>) => {
          onRecord = await world.store.limits.of(targetId);
          expect(world.ends).toEqual([]);
          return world.worker.limit(...order);
        },
      },
    };
    const result = await act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, watching);
    expect(onRecord).toMatchObject([{ user: CHECKOUT, limit: 50, before: null, incidentId: id, isSet: false }]);
    expect(result).toMatchObject({ held: null, counts: { ended: 30, limited: 1 } });
    expect(world.limits.get(CHECKOUT)).toBe(50);
    expect(await world.store.limits.of(targetId)).toMatchObject([{ isSet: true }]);
    expect((await recorded())?.limit).toMatchObject({ user: CHECKOUT, limit: 50, before: null, result: 'done' });
    expect((await recorded())?.limit?.reason).toContain('affects checkout/checkout-api (90)');
  });

  it('sets none and ends nobody when another has been put on record since the look', async () => {
    const another = {
      user: CHECKOUT,
      account: CHECKOUT,
      limit: 9,
      before: null,
      at: 0,
      setBy: 0,
      isSet: true,
      toldAt: null,
    };
    const raced = {
      ...world,
      store: {
        ...world.store,
        acts: {
          ...world.store.acts,
          start: async (...args: Parameters<typeof world.store.acts.start>) => {
            await world.store.limits.record({ ...another, targetId, incidentId: 'another' });
            return world.store.acts.start(...args);
          },
        },
      },
    };
    const result = await act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, raced);
    expect(result.held).toContain('on record already');
    expect(world.limitRequests).toEqual([]);
    expect(world.ends).toEqual([]);
    expect(await world.store.limits.of(targetId)).toMatchObject([{ limit: 9, incidentId: 'another' }]);
  });

  it('tells the worker when it is too late to set it, and keeps that on record', async () => {
    await limitNow();
    const [request] = world.limitRequests;
    expect(request?.deadline).toBe(world.at + 40_000);
    expect(await world.store.limits.of(targetId)).toMatchObject([{ setBy: world.at + 40_000 }]);
  });

  it.each([
    ['somebody has just set another', () => world.limits.set(CHECKOUT, 70), /changed/],
    [
      'the server refuses it',
      () => {
        world.onLimit = () => ({
          schema: 1,
          ok: true,
          admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 },
          limit: { result: 'refused', current: null, detail: 'it is a superuser' },
        });
      },
      /it is a superuser/,
    ],
    [
      'the worker is refused',
      () => {
        const refusal = { kind: 'busy-elsewhere', code: '', message: 'somebody acts' } as const;
        world.onLimit = () => ({ schema: 1, ok: false, refusal, attempts: 1, waitedMs: 1 });
      },
      /busy-elsewhere/,
    ],
  ])('ends nobody and takes its record back when %s', async (_, happens, words) => {
    happens();
    const result = await limitNow();
    expect(result.held).toMatch(words);
    expect(world.ends).toEqual([]);
    expect(await world.store.limits.of(targetId)).toEqual([]);
    expect((await recorded())?.victims.every((victim) => victim.result === 'not-tried')).toBe(true);
    expect(await recorded()).toMatchObject({ counted: 0 });
  });

  it('sets none where another incident’s limit on that user is on record', async () => {
    const older = {
      user: CHECKOUT,
      account: '"checkout"',
      limit: 40,
      before: null,
      at: 1,
      setBy: 2,
      isSet: true,
      toldAt: null,
    };
    await world.store.limits.record({ ...older, targetId, incidentId: 'older' });
    expect((await limitNow()).held).toBe('a fresh snapshot shows no session to end');
    expect(world.limitRequests).toEqual([]);
  });

  it('leaves the record when the worker dies over it, and the next look tells whether the limit stands', async () => {
    world.onLimit = (request) => {
      world.setLimit('limit', request);
      throw new WorkerFault('worker timed out');
    };
    await expect(limitNow()).rejects.toMatchObject({ name: 'WorkerFault' });
    expect(await world.store.limits.of(targetId)).toMatchObject([{ isSet: false }]);
    world.snapshots = [aStorm(world.limits)];
    world.onLimit = () => null;
    await diagnose({ schema: 1, incidentId: id }, world);
    expect((await recorded())?.limit).toMatchObject({ result: 'done' });
    expect((await limitNow(2)).counts).toEqual({ ended: 30 });
  });

  it('does nothing when the target is paused or the tier observes', async () => {
    await world.store.pauses.put({ targetId, tier: null, by: 'ann', why: 'maintenance', at: world.at, until: null });
    expect((await limitNow()).held).toBe('paused by ann: maintenance');
    expect(world.limitRequests).toEqual([]);
    expect(await world.store.limits.of(targetId)).toEqual([]);
  });
});
