import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseLeastHarm,
  TRIED_IN_SETS,
  type Bounds,
  type Option,
} from '../../../../functions/core/plan/least-harm.ts';

const tiers = fc.constantFrom('kill-idle', 'end-idle-transactions', 'break-locks');
const one: fc.Arbitrary<Option> = fc.record({
  tier: tiers,
  harm: fc.integer({ min: 1, max: 90 }).map((tenths) => tenths / 10),
  frees: fc.constant(1),
});
const blocker: fc.Arbitrary<Option> = fc.record({
  tier: tiers,
  harm: fc.integer({ min: 1, max: 400 }).map((tenths) => tenths / 10),
  frees: fc.integer({ min: 2, max: 12 }),
});
const bounds = fc.record({
  need: fc.integer({ min: 0, max: 25 }),
  perTier: fc.integer({ min: 0, max: 6 }),
  total: fc.integer({ min: 0, max: 12 }),
});

const wideBounds = fc.record({
  need: fc.integer({ min: 0, max: 150 }),
  perTier: fc.integer({ min: 0, max: 15 }),
  total: fc.integer({ min: 0, max: 30 }),
});

/** Every set of options within the bounds: what no shortcut can beat. */
function bestOfAll(options: readonly Option[], { need, perTier, total }: Bounds): { frees: number; harm: number } {
  let best = { frees: 0, harm: 0 };
  for (let set = 1; set < 2 ** options.length; set++) {
    const chosen = options.filter((_, bit) => (set & (1 << bit)) !== 0);
    if (!isWithin(chosen, { need, perTier, total })) continue;
    const frees = Math.min(need, sumOf(chosen, 'frees'));
    const harm = sumOf(chosen, 'harm');
    if (frees > best.frees || (frees === best.frees && harm < best.harm)) best = { frees, harm };
  }
  return best;
}

function sumOf(options: readonly Option[], key: 'harm' | 'frees'): number {
  return options.reduce((sum, option) => sum + option[key], 0);
}

function isWithin(chosen: readonly Option[], { perTier, total }: Bounds): boolean {
  const ofTier = (name: string) => chosen.filter(({ tier }) => tier === name).length;
  return chosen.length <= total && chosen.every(({ tier }) => ofTier(tier) <= perTier);
}

describe('the least harm', () => {
  it('is what trying every set of sessions finds', () => {
    const options = fc
      .tuple(fc.array(one, { maxLength: 7 }), fc.array(blocker, { maxLength: 4 }))
      .chain(([ones, blockers]) =>
        fc.shuffledSubarray([...ones, ...blockers], { minLength: ones.length + blockers.length }),
      );
    fc.assert(
      fc.property(options, bounds, (all, within) => {
        const chosen = chooseLeastHarm(all, within);
        const best = bestOfAll(all, within);
        expect(Math.min(within.need, sumOf(chosen, 'frees'))).toBe(best.frees);
        expect(sumOf(chosen, 'harm')).toBeCloseTo(best.harm, 6);
      }),
      { numRuns: 400 },
    );
  });

  it('stays within the bounds, has nobody who could be left out, and frees what can be freed, however many blockers there are', () => {
    const options = fc
      .tuple(
        fc.array(one, { maxLength: 30 }),
        fc.array(blocker, { minLength: TRIED_IN_SETS, maxLength: 2 * TRIED_IN_SETS }),
      )
      .map(([ones, blockers]) => [...ones, ...blockers]);
    fc.assert(
      fc.property(options, wideBounds, (all, within) => {
        const chosen = chooseLeastHarm(all, within);
        const frees = sumOf(chosen, 'frees');
        expect(isWithin(chosen, within)).toBe(true);
        for (const option of chosen) if (frees >= within.need) expect(frees - option.frees).toBeLessThan(within.need);
        const mayAdd = all.some((option) => !chosen.includes(option) && isWithin([...chosen, option], within));
        if (frees < within.need) expect(mayAdd).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('goes to whoever comes first among equals', () => {
    const equal = [1, 2, 3, 4].map((id) => ({ tier: 'kill-idle', harm: 1, frees: 1, id }));
    const chosen = chooseLeastHarm(equal, { need: 2, perTier: 9, total: 9 });
    expect(chosen.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('prefers one blocker with its waiters to many that do less harm each, and leaves it where they do less together', () => {
    const idle = Array.from({ length: 10 }, () => ({ tier: 'kill-idle', harm: 1, frees: 1 }));
    const root = { tier: 'break-locks', harm: 6, frees: 20 };
    const within = { perTier: 30, total: 30 };
    expect(chooseLeastHarm([...idle, root], { need: 8, ...within })).toEqual([root]);
    expect(chooseLeastHarm([...idle, root], { need: 5, ...within })).toEqual(idle.slice(0, 5));
  });
});
