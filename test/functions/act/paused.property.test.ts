import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import type { TierName } from '../../../functions/core/policy/tier-names.ts';
import { aPause, scopesOver } from '../../support/a-pause.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, inTransaction, many } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

const TRIED = ['kill-idle', 'end-idle-transactions', 'cancel-long'] as const satisfies readonly TierName[];
/** Something for each of them to end, whoever goes first: relief is out of reach. */
const FULL = aSnapshot(90, [
  ...many(30, 1, (id) => aSession(id)),
  ...many(30, 31, (id) => inTransaction(id)),
  ...many(30, 61, (id) => active(id, { queryMs: 3_600_000 })),
]);
const GREEDY = aPolicy({
  reliefPercent: 1,
  caps: { perTierPercent: 100, perIncidentPercent: 100, perHourPercent: 100 },
});
const MINUTE = 60_000;
const NAMES = ['mine', 'other'];
/** When the person is at it: before the act, while it looks, or while it chooses. */
const MOMENTS = ['before', 'looking', 'choosing'] as const;

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('pause' as const),
      scope: scopesOver(NAMES),
      minutes: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
    }),
    fc.record({ kind: fc.constant('resume' as const), scope: scopesOver(NAMES) }),
    fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 8 },
);

const ADMISSION = { way: 'first-try', reserved: true, attempts: 1, waitedMs: 3, refusedAsFull: 0 } as const;

let runs = 0;

it('no act of a paused scope, whatever the combination of pauses and their ends', async () => {
  const seen = { acted: 0, held: 0 };
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom(...TRIED), fc.constantFrom(...MOMENTS), async (script, tier, moment) => {
      const run = ++runs;
      for (const pause of await world.store.pauses.active()) await world.store.pauses.lift(pause);
      const nameOf = (name: string | null) => name && `${name}-${run}`;
      const target = aTarget({ id: `mine-${run}`, policy: GREEDY });
      const incidentId = await world.openIncident(target);
      world.ends.length = 0;
      /** The pauses as a person would keep them on a list: scope, and when it ends. */
      const list = new Map<string, { readonly target: string | null; readonly tier: string | null; until: number }>();
      const play = async () => {
        for (const step of script) {
          if (step.kind === 'wait') {
            world.at += step.minutes * MINUTE;
            continue;
          }
          const scope = { targetId: nameOf(step.scope.targetId), tier: step.scope.tier };
          const key = JSON.stringify(scope);
          if (step.kind === 'resume') {
            list.delete(key);
            await world.store.pauses.lift(scope);
          } else {
            const until = step.minutes === null ? null : world.at + step.minutes * MINUTE;
            list.set(key, { target: scope.targetId, tier: scope.tier, until: until ?? Infinity });
            await world.store.pauses.put(aPause({ ...scope, until }));
          }
        }
      };
      const playAt = (now: (typeof MOMENTS)[number]) => (now === moment ? play() : Promise.resolve());
      await playAt('before');
      const worker = {
        ...world.worker,
        snapshot: async () => {
          await playAt('looking');
          return { schema: 1, ok: true, admission: ADMISSION, snapshot: FULL } as const;
        },
      };
      const store = {
        ...world.store,
        acts: {
          ...world.store.acts,
          of: async (id: string) => {
            await playAt('choosing');
            return world.store.acts.of(id);
          },
        },
      };
      const result = await act({ schema: 1, incidentId, round: 1, tier }, { ...world, store, worker });
      const isPaused = [...list.values()].some(
        (pause) =>
          pause.until > world.at &&
          (pause.target === null || pause.target === target.id) &&
          (pause.tier === null || pause.tier === tier),
      );
      expect({ acts: world.ends.length, isHeld: result.held?.startsWith('paused by') ?? false }).toEqual({
        acts: isPaused ? 0 : 1,
        isHeld: isPaused,
      });
      seen[isPaused ? 'held' : 'acted']++;
    }),
    { numRuns: 150 },
  );
  // A property that only ever saw one side says nothing.
  expect(Math.min(seen.acted, seen.held)).toBeGreaterThan(20);
});
