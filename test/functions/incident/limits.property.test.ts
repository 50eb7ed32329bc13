import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { carryOutLimit, proposeLimit } from '../../../functions/call/carry-out-limit.ts';
import { close } from '../../../functions/close/close.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { LEASE_MS } from '../../../functions/core/ports/stores/incidents.ts';
import { WorkerFault } from '../../../functions/core/protocol/errors.ts';
import { LATE_MS } from '../../../functions/core/record/limit-lift.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { aLimitCall, HALF_AN_HOUR } from '../../support/a-limit.ts';
import { StepWorld } from '../../support/step-world.ts';
import { aLimitingTarget, aStorm, CHECKOUT } from '../../support/storming.ts';

let world: StepWorld;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

const CRASH = new Error('the function was stopped here');

/** The step dies at its n-th call to the store or the worker, before that call takes effect or after. */
interface Crash {
  readonly at: number;
  readonly isAfter: boolean;
}
const crashes = fc.option(fc.record({ at: fc.integer({ min: 0, max: 14 }), isAfter: fc.boolean() }));

/** The world of one step, as it is until the step dies. */
function dying(crash: Crash | null, isForGood = false): StepWorld {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(real, property) {
        const method: unknown = Reflect.get(real, property);
        if (typeof method === 'object' && method !== null) return wrap(method);
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]): Promise<unknown> => {
          if (isForGood && crash !== null && calls > crash.at) throw CRASH;
          const isLast = crash !== null && calls++ === crash.at;
          if (isLast && !crash.isAfter) throw CRASH;
          const answer: unknown = await Reflect.apply(method, real, args);
          if (isLast) throw CRASH;
          return answer;
        };
      },
    });
  return Object.assign(Object.create(world) as StepWorld, {
    store: wrap(world.store),
    worker: wrap(world.worker),
  });
}

/** What the worker does with an order to set the limit. */
const WAYS = ['answers', 'does it and dies', 'does it late and dies', 'dies'] as const;
const workers = fc.constantFrom(...WAYS);
/** Returns what makes an order that was late take effect. */
function play(worker: (typeof WAYS)[number]): () => void {
  let late = (): void => undefined;
  world.onLimit = (request) => {
    if (worker === 'answers') return null;
    if (worker === 'does it and dies') world.setLimit('limit', request);
    if (worker === 'does it late and dies') late = () => void world.setLimit('limit', request);
    throw new WorkerFault('worker timed out');
  };
  return () => late();
}

const survive = (step: Promise<unknown>) => step.catch(() => undefined);
/** A minute passes, and the reconciler looks. */
const sweeperOf = (target: TargetSettings) => async (crash: Crash | null) => {
  world.at += 60_000;
  await survive(reconcile({ schema: 1, target }, dying(crash)));
};

const hands = fc.constantFrom('nobody', 'nobody', 'before closing', 'after closing');

/**
 * One incident sets a limit and is closed; each step may die anywhere, be repeated or never come, and somebody may change
 * the limit by hand. Whatever happens, the reconciler's minutes end it: the value before stands, or that somebody's.
 */
it('no limit is left behind, whatever crashes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        before: fc.constantFrom(null, 95),
        acting: crashes,
        worker: workers,
        closings: fc.array(crashes, { maxLength: 2 }),
        sweeps: fc.array(crashes, { maxLength: 3 }),
        hand: hands,
      }),
      async ({ before, acting, worker, closings, sweeps, hand }) => {
        const target = aLimitingTarget({ id: `p${++count}` });
        const id = await world.openIncident(target);
        world.executions.set(id, 'running');
        world.limits.clear();
        world.limits.set(CHECKOUT, before);
        world.snapshots = [aStorm(world.limits)];
        const late = play(worker);
        const setByHand = () => world.limits.set(CHECKOUT, 33);
        const sweep = sweeperOf(target);

        await survive(act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, dying(acting)));
        world.onLimit = () => null;
        if (hand === 'before closing') setByHand();
        for (const crash of closings) {
          await survive(close({ incidentId: id, outcome: 'relieved', error: null }, dying(crash)));
        }
        if (hand === 'after closing') setByHand();
        // The last moment at which an order that was on its way can take effect.
        world.at += 39_000;
        late();
        world.executions.set(id, 'failed');
        for (const crash of sweeps) await sweep(crash);
        world.at += LATE_MS;
        for (let minutes = 0; minutes < 3; minutes++) await sweep(null);

        expect(await world.store.limits.of(target.id)).toEqual([]);
        const left = world.limits.get(CHECKOUT);
        const allowed = hand === 'nobody' ? [before] : [before, 33];
        expect(allowed).toContain(left);
        if (hand === 'after closing') expect(left).toBe(33);
      },
    ),
    { numRuns: 80 },
  );
});

/**
 * A person sets a limit, and the command may die anywhere; an incident opens meanwhile, acts and closes; sweeps may die.
 * What was confirmed to the person stands for its time and no longer; nothing else is left behind.
 */
it('no limit of a person is lifted before its time, nor left behind after it, whatever crashes and whatever opens', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        before: fc.constantFrom(null, 95),
        setting: crashes,
        worker: workers,
        opens: fc.boolean(),
        closing: crashes,
        sweeps: fc.array(crashes, { maxLength: 2 }),
      }),
      async ({ before, setting, worker, opens, closing, sweeps }) => {
        const target = aLimitingTarget({ id: `q${++count}` });
        world.limits.clear();
        world.limits.set(CHECKOUT, before);
        world.snapshots = [aStorm(world.limits)];
        const late = play(worker);
        const sweep = sweeperOf(target);

        const proposal = await proposeLimit(target, aLimitCall(), world);
        const result = await carryOutLimit(proposal, dying(setting, true)).catch(() => null);
        world.onLimit = () => null;
        const until = result?.until ?? null;
        const setAt = world.at;
        const stands = () => {
          if (until !== null && world.at < until) expect(world.limits.get(CHECKOUT)).toBe(60);
        };
        stands();
        if (opens && (await world.store.incidents.openOf(target.id)) === null) {
          world.snapshots = [aStorm(world.limits)];
          const id = await world.openIncident(target);
          world.executions.set(id, 'running');
          await survive(act({ schema: 1, incidentId: id, round: 1, tier: 'cap-consumer' }, world));
          stands();
          await survive(close({ incidentId: id, outcome: 'relieved', error: null }, dying(closing)));
          world.executions.set(id, 'failed');
          stands();
        }
        world.at += 39_000;
        late();
        for (const crash of sweeps) {
          await sweep(crash);
          stands();
        }
        if (until === null) world.at = setAt + LEASE_MS + LATE_MS;
        else {
          world.at = until - 60_001;
          await sweep(null);
          stands();
        }
        for (let minutes = 0; minutes < 3; minutes++) await sweep(null);

        expect(world.at).toBeLessThan(setAt + HALF_AN_HOUR + 4 * 60_000);
        expect(await world.store.limits.of(target.id)).toEqual([]);
        expect(world.limits.get(CHECKOUT)).toBe(before);
      },
    ),
    { numRuns: 25 },
  );
});
