import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { close } from '../../../functions/close/close.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { SchemaMismatch, WorkerFault } from '../../../functions/core/protocol/errors.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { StepWorld } from '../../support/step-world.ts';
import { aLimitingTarget, aStorm, CHECKOUT } from '../../support/storming.ts';

let world: StepWorld;
let count = 0;
let id: string;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(async () => {
  target = aLimitingTarget({ id: `l${++count}` });
  id = await world.openIncident(target);
  world.executions.set(id, 'running');
  world.published.length = 0;
  world.topicFails = false;
  world.onLimit = () => null;
  world.limits.clear();
  world.limits.set(CHECKOUT, null);
  world.snapshots = [aStorm(world.limits)];
});

const limit = () => act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, world);
const closeIt = () => close({ incidentId: id, outcome: 'relieved', error: null }, world);
const sweep = () => reconcile({ schema: 1, target }, world);
/** What the next minute says of limits. */
const lifted = async () => (await sweep()).repaired.filter((words) => words.startsWith('limit'));
const pages = () => world.published.filter(({ attributes }) => attributes.notice === 'limit-left');
const unreachable = () => {
  world.onLimit = () => {
    throw new WorkerFault('worker timed out');
  };
};

describe('closing an incident', () => {
  it.each([null, 120])('puts back what was before (%s), and only then lets the target go', async (before) => {
    world.limits.set(CHECKOUT, before);
    world.snapshots = [aStorm(world.limits)];
    await limit();
    expect(world.limits.get(CHECKOUT)).toBe(50);
    world.onLimit = () => {
      expect(world.limits.get(CHECKOUT)).toBe(50);
      return null;
    };
    let wasOpen = false;
    const watching = {
      ...world,
      worker: {
        ...world.worker,
        lift: async (...order: Parameters<typeof world.worker.lift>) => {
          wasOpen = (await world.store.incidents.openOf(target.id))?.id === id;
          return world.worker.lift(...order);
        },
      },
    };
    await close({ incidentId: id, outcome: 'relieved', error: null }, watching);
    expect(wasOpen).toBe(true);
    expect(world.limits.get(CHECKOUT)).toBe(before);
    expect(await world.store.limits.of(target.id)).toEqual([]);
    expect(await world.store.limits.settledOf(id)).toMatchObject([{ user: CHECKOUT, limit: 50, end: 'lifted' }]);
    expect(pages()).toEqual([]);
  });

  it.each([
    ['another limit', 20],
    ['no limit', null],
  ])('leaves %s that somebody has set by hand meanwhile', async (_, byHand) => {
    world.limits.set(CHECKOUT, 95);
    world.snapshots = [aStorm(world.limits)];
    await limit();
    world.limits.set(CHECKOUT, byHand);
    await closeIt();
    expect(world.limits.get(CHECKOUT)).toBe(byHand);
    expect(await world.store.limits.settledOf(id)).toMatchObject([{ end: 'changed-by-hand' }]);
    expect(pages()).toEqual([]);
  });

  it('is not held up by a user that is gone, or a limit that was lifted already', async () => {
    await limit();
    world.limits.delete(CHECKOUT);
    await closeIt();
    expect(await world.store.limits.settledOf(id)).toMatchObject([{ end: 'user-gone' }]);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
  });

  it('is not held up when the limit cannot be lifted: a person is paged once a day with the statement, and it is tried again', async () => {
    await limit();
    unreachable();
    await closeIt();
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
    expect(pages()).toHaveLength(1);
    expect(pages()[0]?.body).toContain('ALTER ROLE "checkout" CONNECTION LIMIT -1');
    expect(pages()[0]).toMatchObject({ attributes: { severity: 'critical', incidentId: id } });

    world.at += 60_000;
    expect(await lifted()).toEqual(['limit on checkout: stuck']);
    expect(pages()).toHaveLength(1);
    world.at += 24 * 3_600_000;
    expect(await lifted()).toEqual(['limit on checkout: stuck']);
    expect(pages()).toHaveLength(2);
    expect(await lifted()).toEqual(['limit on checkout: stuck']);
    expect(pages()).toHaveLength(2);

    world.onLimit = () => null;
    expect(await lifted()).toEqual(['limit on checkout: lifted']);
    expect(world.limits.get(CHECKOUT)).toBeNull();
    expect(await lifted()).toEqual([]);
  });

  it.each([
    ['of another version', () => new SchemaMismatch(0, 1)],
    ['that answers nonsense', () => new TypeError('undefined is no answer')],
  ])('is not held up by a worker %s', async (_, fault) => {
    await limit();
    world.onLimit = () => {
      throw fault();
    };
    await closeIt();
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
    expect(pages()).toHaveLength(1);
    expect(await world.store.limits.of(target.id)).toHaveLength(1);
  });

  it('is not held up by a worker that hangs, however many limits there are: each is told of', async () => {
    const users = ['a', 'b', 'c', 'd'];
    for (const user of users) {
      await world.store.limits.record({
        ...{ targetId: target.id, incidentId: id, user, account: `"${user}"`, limit: 5, before: null },
        ...{ at: world.at, setBy: world.at, isSet: true, toldAt: null },
      });
    }
    const startedAt = world.at;
    world.onLimit = ({ deadline }) => {
      // As the client of a worker waits: some time past the deadline.
      world.at = deadline + 20_000;
      throw new WorkerFault('worker timed out');
    };
    await closeIt();
    expect(world.at - startedAt).toBeLessThan(40_000);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
    expect(pages()).toHaveLength(users.length);
    expect(await world.store.limits.of(target.id)).toHaveLength(users.length);
  });

  it('pages with the next attempt when the topic fails too', async () => {
    await limit();
    unreachable();
    world.topicFails = true;
    await closeIt();
    expect(pages()).toEqual([]);
    world.topicFails = false;
    await sweep();
    expect(pages()).toHaveLength(1);
  });
});

describe('a limit without its incident', () => {
  it('is lifted by the reconciler when the workflow has died', async () => {
    await limit();
    world.executions.set(id, 'aborted');
    const { repaired } = await sweep();
    expect(repaired).toEqual([`closed ${id} as failed: its workflow is aborted`]);
    expect(world.limits.get(CHECKOUT)).toBeNull();
    expect(await world.store.limits.of(target.id)).toEqual([]);
  });

  it('is left to its incident while that is open', async () => {
    await limit();
    expect(await lifted()).toEqual([]);
    expect(world.limits.get(CHECKOUT)).toBe(50);
  });

  it('stays on record while the order to set it may still come, and is lifted when it has come late', async () => {
    let order: Parameters<typeof world.setLimit>[1] | null = null;
    world.onLimit = (request) => {
      order = request;
      throw new WorkerFault('worker timed out');
    };
    await expect(limit()).rejects.toMatchObject({ name: 'WorkerFault' });
    world.onLimit = () => null;
    await closeIt();
    expect(await world.store.limits.of(target.id)).toHaveLength(1);
    world.at += 30_000;
    if (order) world.setLimit('limit', order);
    expect(world.limits.get(CHECKOUT)).toBe(50);
    expect(await lifted()).toEqual(['limit on checkout: lifted']);
    expect(world.limits.get(CHECKOUT)).toBeNull();
    expect(pages()).toEqual([]);
  });

  it('is forgotten as never set once the order can come no more', async () => {
    world.onLimit = () => {
      throw new WorkerFault('worker timed out');
    };
    await expect(limit()).rejects.toMatchObject({ name: 'WorkerFault' });
    world.onLimit = () => null;
    await closeIt();
    // The last moment to set it, and as long again as its statement may take.
    world.at += 59_000;
    expect(await lifted()).toEqual(['limit on checkout: waiting']);
    world.at += 2_000;
    expect(await lifted()).toEqual(['limit on checkout: never-set']);
    expect(await world.store.limits.of(target.id)).toEqual([]);
  });
});
