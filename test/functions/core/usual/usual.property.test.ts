import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { isRefusedAsFull, slotsTaken, type Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { QUARTER_MS, type Quarter } from '../../../../functions/core/usual/profile.ts';
import { NO_USUAL, usualFrom, type Usual } from '../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { aSession, aSnapshot, many } from '../../../support/a-session.ts';
import { policies, snapshots, storms } from '../../../support/arbitraries.ts';

/** What is usual of the consumers of a snapshot: for some as many as they have, for others fewer, or nothing. */
function usualFor(snapshot: Snapshot, shares: readonly number[]): Usual {
  const sizes = Map.groupBy(snapshot.sessions, consumerOf);
  const consumers = [...sizes].map(([name, sessions], index) => {
    const all = Math.round((shares[index % shares.length] ?? 1) * sessions.length);
    return [name, { idle: all, open: all, busy: all, low: all, all, long: all, used: Math.floor(all / 8) }] as const;
  });
  return { ...NO_USUAL, basis: 'profile', consumers: Object.fromEntries(consumers) };
}

/** Two pools that fill the server and need little of what they hold. */
const idlePools = fc
  .record({
    sizes: fc.tuple(fc.integer({ min: 5, max: 60 }), fc.integer({ min: 5, max: 60 })),
    idleMs: fc.integer({ min: 1_000, max: 2_000_000 }),
    free: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ sizes: [web, api], idleMs, free }) => {
    const sessions = [
      ...many(web, 1, (id) => aSession(id, { stateMs: idleMs + id })),
      ...many(api, 1_001, (id) => aSession(id, { application: 'api', stateMs: idleMs })),
    ];
    return aSnapshot(web + api + free, sessions);
  });

/** The same sessions as those of two large pools. */
function ofTwoPools(snapshot: Snapshot): Snapshot {
  const sessions = snapshot.sessions.map((session, index) => ({
    ...session,
    user: 'app',
    application: index % 4 === 0 ? 'api' : 'web',
    database: 'shop',
  }));
  return { ...snapshot, sessions };
}

function forAllPlans(
  collateral: Policy['collateral'],
  check: (made: {
    readonly snapshot: Snapshot;
    readonly policy: Policy;
    readonly diagnosis: ReturnType<typeof diagnoseSnapshot>;
    /** Victims whose consumer holds no more than is usual. */
    readonly atUsual: readonly Session[];
  }) => void,
): void {
  const shares = fc.array(fc.constantFrom(0, 0.3, 1, 1, 1.5), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.oneof(snapshots, storms, snapshots.map(ofTwoPools), idlePools),
      policies,
      shares,
      (snapshot, made, usualShares) => {
        const policy = { ...made, collateral };
        const history = { ...NO_HISTORY, pressingSince: snapshot.at - 200_000, usual: usualFor(snapshot, usualShares) };
        const diagnosis = diagnoseSnapshot(snapshot, { policy, mode: 'act' }, history);
        const victims = diagnosis.plan.tiers
          .filter(({ mode }) => mode === 'act')
          .flatMap((tier) => tier.victims.map(({ session }) => session));
        const atUsual = victims.filter((session) => diagnosis.departures.standingOf(session) === 'usual');
        check({ snapshot, policy, diagnosis, atUsual });
      },
    ),
    { numRuns: 1000 },
  );
}

describe('a session of a consumer at its usual', () => {
  it('is in no plan where the policy allows no collateral', () => {
    forAllPlans('none', ({ atUsual }) => {
      expect(atUsual).toEqual([]);
    });
  });

  it('is in a plan only as a spare idle one, under pressure, and where the plan brings relief', () => {
    let seen = 0;
    forAllPlans('spare-idle', ({ snapshot, policy, diagnosis, atUsual }) => {
      if (atUsual.length === 0) return;
      seen++;
      for (const { state, stateMs } of atUsual) {
        expect(state).toBe('idle');
        expect(stateMs).toBeGreaterThanOrEqual(1000 * policy.ages.idleSeconds);
      }
      const usage = (100 * slotsTaken(snapshot)) / snapshot.limits.usable;
      expect(usage >= policy.triggerPercent || isRefusedAsFull(snapshot.canary)).toBe(true);
      const { plan } = diagnosis;
      const acting = plan.tiers.filter(({ mode }) => mode === 'act');
      const freed = acting.flatMap(({ victims }) => victims).reduce((sum, { frees }) => sum + frees, 0);
      const later = acting.flatMap(({ spared }) => spared).filter(({ reason }) => reason === 'cap-tier').length;
      const left = slotsTaken(snapshot) - freed - later;
      const isRelief = freed + later >= plan.need || (100 * left) / snapshot.limits.usable < policy.triggerPercent;
      expect(isRelief || acting.some(({ limit }) => limit !== null)).toBe(true);
    });
    expect(seen).toBeGreaterThan(0);
  });
});

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 2, 17, 10, 40);

function quartersOf(sizeOn: (daysAgo: number) => number): Quarter[] {
  const first = Math.floor((NOW - 14 * DAY) / QUARTER_MS) * QUARTER_MS;
  return Array.from({ length: (14 * DAY) / QUARTER_MS }, (_, index) => {
    const at = first + index * QUARTER_MS;
    const most = sizeOn(Math.floor((NOW - at) / DAY));
    const consumer = { name: 'app/web', user: 'app', idle: most, open: 0, busy: 0, most, middle: most, used: 0 };
    return { at, samples: 15, consumers: [consumer], rest: { consumers: 0, most: 0 } };
  });
}

describe('a profile with odd days in it', () => {
  it('says no more than the most of its other days, as long as they are few and no day of the same week', () => {
    const days = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 15, maxLength: 15 });
    const odd = fc.subarray([2, 3, 4, 5, 8, 9, 10, 11, 12], { maxLength: 1 });
    fc.assert(
      fc.property(days, odd, fc.integer({ min: 0, max: 5_000 }), (sizes, poisoned, most) => {
        const profile = quartersOf((ago) => (poisoned.includes(ago) ? most : (sizes[ago] ?? 0)));
        const all = usualFrom(profile, [], { at: NOW, climbAt: NOW })?.consumers['app/web']?.all ?? -1;
        expect(all).toBeLessThanOrEqual(Math.max(...sizes));
        expect(all).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 50 },
    );
  });
});
