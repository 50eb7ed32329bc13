import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_FOR_PERSON } from '../../../../functions/core/plan/plan-group.ts';
import {
  findWorse,
  hashPlan,
  isLimitAgreed,
  summarisePlan,
  withinAgreed,
  type PlanSummary,
} from '../../../../functions/core/plan/plan-summary.ts';
import { NO_HISTORY, type History, type TierPlan, type Victim } from '../../../../functions/core/plan/tier-plan.ts';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import { protectionOf, reservedForPerson } from '../../../../functions/core/policy/protection.ts';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import { sessionKey } from '../../../../functions/core/server/session.ts';
import type { Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { active, aPolicy, aSession, aSnapshot, inTransaction, many } from '../../../support/a-session.ts';
import { aSummary } from '../../../support/an-approval.ts';
import { policies, snapshots } from '../../../support/arbitraries.ts';
import { aStorm } from '../../../support/storming.ts';

function plansOf(snapshot: Snapshot, policy: Policy): readonly TierPlan[] {
  return diagnoseSnapshot(snapshot, { policy, mode: 'approve' }, NO_HISTORY).plan.tiers;
}

/** Two snapshots of a server: the one behind the question, and the one after the answer. */
function forAllChanges(check: (asked: TierPlan, now: TierPlan) => void): void {
  fc.assert(
    fc.property(snapshots, snapshots, policies, (before, after, policy) => {
      const later = plansOf(after, policy);
      for (const asked of plansOf(before, policy)) {
        const now = later.find(({ tier }) => tier === asked.tier);
        if (now) check(asked, now);
      }
    }),
    { numRuns: 200 },
  );
}

/** The round before has found a storm. */
const STORMING: History = { ...NO_HISTORY, lastCause: 'connection-storm' };

function aLimit(changed: Partial<NonNullable<PlanSummary['limit']>>): NonNullable<PlanSummary['limit']> {
  return { user: 'checkout', limit: 50, sessions: 90, why: 'it storms', ...changed };
}

/** A full server of a hundred slots on which a user storms, beside so many others. */
function stormOf(user: string, others: number): Snapshot {
  const limits = new Map([
    ['checkout', null],
    ['mail', null],
  ]);
  return aSnapshot(
    100,
    [
      ...many(100 - others, 1, (id) => aSession(id, { user, connectedMs: 2_000, stateMs: 1_900, queryMs: 1_900 })),
      ...many(others, 1_001, (id) => active(id, { user: 'shop' })),
    ],
    { userLimits: aStorm(limits).userLimits },
  );
}

/** One of two users storms, beside any number of others. */
const stormsOfOne: fc.Arbitrary<Snapshot> = fc
  .record({ user: fc.constantFrom('checkout', 'checkout', 'mail'), others: fc.integer({ min: 2, max: 40 }) })
  .map(({ user, others }) => stormOf(user, others));

/** The plan that limits whoever storms; null when there is none. */
function limiting(snapshot: Snapshot, agreedLimit: History['agreedLimit'] = null) {
  const { plan } = diagnoseSnapshot(snapshot, { policy: aPolicy(), mode: 'act' }, { ...STORMING, agreedLimit });
  return plan.tiers.find(({ limit }) => limit !== null);
}

/** A limit on a user of whom so many sessions are idle just now. */
function limitEnding(sessions: number): TierPlan {
  const plan = limiting(stormOf('checkout', 20));
  if (!plan || plan.victims.length < sessions) throw new Error('there is no such plan');
  return { ...plan, victims: plan.victims.slice(0, sessions) };
}

/** Plans that end every session they may. */
const UNBOUNDED = aPolicy({
  minimumPerPool: 0,
  reliefPercent: 1,
  caps: { perTierPercent: 100, perIncidentPercent: 100, perHourPercent: 100 },
});

/** A session or two come and go between two looks; where any of them loses work, each one counts. */
function noiseOf(asked: TierPlan): number {
  const losesNothing = asked.victims.every(
    (victim) => !hasCost(victim) && ['idle', 'idle-in-transaction-aborted'].includes(victim.session.state),
  );
  return losesNothing ? Math.max(1, Math.floor(asked.victims.length / 20)) : 0;
}

const hasCost = ({ session }: Victim) => session.hasWritten || (session.rowsModified ?? 0) > 0;

describe('what a yes covers', () => {
  it('is the plan that was asked about, whole', () => {
    forAllChanges((asked) => {
      const summary = summarisePlan(asked, 5);
      expect(findWorse(summary, summary)).toBeNull();
      expect(withinAgreed(asked.victims, summary)).toEqual(asked.victims);
    });
  });

  it('is never materially worse: more than noise, another consumer, more work, or a session that was not named', () => {
    forAllChanges((asked, now) => {
      const agreed = summarisePlan(asked, 5);
      const covered = withinAgreed(now.victims, agreed);
      const noise = noiseOf(asked);
      expect(covered.length).toBeLessThanOrEqual(asked.victims.length + noise);
      const loses = ({ session }: Victim) => !['idle', 'idle-in-transaction-aborted'].includes(session.state);
      expect(covered.filter(loses).length).toBeLessThanOrEqual(asked.victims.filter(loses).length);
      expect(covered.filter(hasCost).length).toBeLessThanOrEqual(asked.victims.filter(hasCost).length);
      const named = new Set(
        asked.victims.filter((each) => each.needsPerson !== null).map(({ session }) => sessionKey(session.identity)),
      );
      for (const victim of covered) {
        if (victim.needsPerson !== null) expect(named).toContain(sessionKey(victim.session.identity));
        const same = (each: Victim) => consumerOf(each.session) === consumerOf(victim.session);
        const were = asked.victims.filter(same).length;
        expect(were).toBeGreaterThan(0);
        expect(covered.filter(same).length).toBeLessThanOrEqual(were + noise);
      }
    });
  });

  it.each([
    ['one session more', 10, 11, true],
    ['two sessions more', 10, 12, false],
    ['one in twenty more', 60, 63, true],
    ['more than one in twenty', 60, 64, false],
  ])('%s of the same consumer, where nobody loses work: %d, then %d', (_, were, are, isCovered) => {
    const planned = (sessions: number) => {
      const [tier] = plansOf(
        aSnapshot(
          sessions,
          many(sessions, 1, (id) => aSession(id)),
        ),
        UNBOUNDED,
      );
      if (tier?.victims.length !== sessions) throw new Error('not all of them are planned');
      return tier;
    };
    const agreed = summarisePlan(planned(were), 5);
    const now = planned(are);
    expect(findWorse(summarisePlan(now, 5), agreed)).toBe(isCovered ? null : `${are} sessions instead of ${were}`);
    expect(withinAgreed(now.victims, agreed)).toHaveLength(isCovered ? are : were + Math.max(1, Math.floor(were / 20)));
  });

  it('is not one session more where that loses work', () => {
    const agreed = aSummary({ losing: 10 });
    const now = { ...agreed, sessions: 11, consumers: [{ name: 'app/web', sessions: 11 }] };
    expect(findWorse(now, agreed)).toBe('11 sessions instead of 10');
  });

  it('is what is acted on: what is left of a plan that has grown is no worse than what was asked about', () => {
    forAllChanges((asked, now) => {
      const agreed = summarisePlan(asked, 5);
      const covered = withinAgreed(now.victims, agreed);
      expect(findWorse(summarisePlan({ ...now, victims: covered }, 5), agreed)).toBeNull();
    });
  });

  it('is all of a plan that is no worse', () => {
    forAllChanges((asked, now) => {
      const agreed = summarisePlan(asked, 5);
      if (findWorse(summarisePlan(now, 5), agreed) !== null) return;
      expect(withinAgreed(now.victims, agreed)).toEqual(now.victims);
    });
  });

  it.each([
    ['a limit', { limit: aLimit({}) }, 'a limit of the user checkout, who has 90 connections, to 50'],
    ['another tier', { tier: 'cancel-long' as const }, 'cancel-long instead of kill-idle'],
    ['more sessions', { sessions: 12 }, '12 sessions instead of 10'],
    ['a new consumer', { consumers: [{ name: 'app/new', sessions: 1 }] }, '1 session of app/new instead of 0'],
    ['work to lose', { losing: 1 }, '1 session with work to lose instead of 0'],
    ['changes to roll back', { writing: 1 }, '1 session with uncommitted changes instead of 0'],
    ['more rows than twice those shown', { rowsModified: 2_001 }, '2001 rows to restore instead of 2000'],
    [
      'a session that was not named',
      { named: [{ key: 'other', words: 'terminate 7 etl', needsPerson: 'maintenance-statement' as const }] },
      'a session that was not named: terminate 7 etl',
    ],
  ])('%s is worse', (_, change, words) => {
    const agreed = aSummary({ rowsModified: 1_000 });
    expect(findWorse({ ...agreed, ...change }, agreed)).toContain(words);
  });

  it('terminating where cancelling was agreed to is worse, and not covered', () => {
    const agreed = aSummary({ tier: 'cancel-long', cancels: 10 });
    expect(findWorse({ ...agreed, cancels: 9 }, agreed)).toContain('1 session to terminate at once instead of 0');

    const blockers = aSnapshot(10, [
      active(1, { hasWritten: true, transactionMs: 3_600_000, stateMs: 3_600_000 }),
      ...many(9, 2, (id) => active(id, { blockedBy: [1], lockWaitMs: 60_000 })),
    ]);
    const asked = plansOf(blockers, aPolicy()).find(({ tier }) => tier === 'break-locks');
    if (!asked) throw new Error('there is no plan');
    expect(asked.victims.map(({ method }) => method)).toEqual(['cancel']);
    const instead = asked.victims.map((victim): Victim => ({ ...victim, method: 'terminate' }));
    expect(withinAgreed(asked.victims, summarisePlan(asked, 5))).toEqual(asked.victims);
    expect(withinAgreed(instead, summarisePlan(asked, 5))).toEqual([]);
  });
});

describe('what a yes covers of a limit', () => {
  const agreed = aSummary({ tier: 'cap-consumer', limit: aLimit({}) });

  it.each([
    ['the same', aLimit({})],
    ['a higher one, which leaves the user more', aLimit({ limit: 51 })],
    ['the same on more sessions, for other reasons', aLimit({ sessions: 95, why: 'it grows' })],
    ['none', null],
  ])('is %s', (_, limit) => {
    expect(findWorse({ ...agreed, limit }, agreed)).toBeNull();
  });

  it.each([
    ['a lower one', aLimit({ limit: 49 })],
    ['one on another user', aLimit({ user: 'mail' })],
    ['one on a user of nearly the same name', aLimit({ user: 'Checkout' })],
  ])('is not %s', (_, limit) => {
    expect(findWorse({ ...agreed, limit }, agreed)).toContain('a limit of the user');
    expect(isLimitAgreed(limit, agreed)).toBe(false);
  });

  it('is the limit whatever the number of idle sessions, which changes by the second; no more of them are ended', () => {
    const asked = limitEnding(9);
    const limited = summarisePlan(asked, 13);
    const now = limitEnding(17);
    expect(findWorse(summarisePlan(now, 16), limited)).toBeNull();
    expect(withinAgreed(now.victims, limited)).toEqual(now.victims.slice(0, 9 + 1));
    // Without a limit to set, it is another plan.
    expect(findWorse(summarisePlan({ ...now, limit: null }, 16), limited)).toBe('17 sessions instead of 9');
    // Nobody was idle when the question was asked: then the limit is set, and nobody is ended.
    const alone = summarisePlan(limitEnding(0), 13);
    expect(findWorse(summarisePlan(now, 16), alone)).toBeNull();
    expect(withinAgreed(now.victims, alone)).toEqual([]);
  });

  it('is the user and the least limit that was asked about, whatever happens meanwhile', () => {
    const seen = { same: 0, kept: 0, worse: 0 };
    fc.assert(
      fc.property(stormsOfOne, stormsOfOne, (before, after) => {
        const [asked, needed] = [limiting(before), limiting(after)];
        const now = limiting(after, asked?.limit ?? null);
        if (!asked?.limit || !needed?.limit || !now?.limit) return;
        expect([asked.mode, now.mode]).toEqual(['approve', 'approve']);
        const was = summarisePlan(asked, 5);
        // Of the hundred slots, 15 from the relief level to the trigger, and half the margin.
        const isNear = asked.limit.limit - needed.limit.limit <= 15 + 5;
        const isCovered = now.limit.user === asked.limit.user && isNear;
        expect(isLimitAgreed(now.limit, was)).toBe(isCovered);
        if (isCovered) expect(now.limit.limit).toBe(Math.max(asked.limit.limit, needed.limit.limit));
        else expect(findWorse(summarisePlan(now, 5), was)).toContain('a limit of the user');
        seen[isCovered ? (now.limit.limit > needed.limit.limit ? 'kept' : 'same') : 'worse']++;
      }),
      { numRuns: 200 },
    );
    // A property that only ever saw one side says nothing.
    expect(Math.min(seen.same, seen.kept, seen.worse)).toBeGreaterThan(2);
  });

  it('comes before what another cause would ask about, while the storm goes on', () => {
    const snapshot = aStorm(new Map([['checkout', null]]));
    const firstBy = (agreedLimit: History['agreedLimit']) =>
      diagnoseSnapshot(
        snapshot,
        { policy: aPolicy(), mode: 'approve' },
        { ...STORMING, agreedLimit },
        { decidedOn: 'pool-oversubscription' },
      ).plan.tiers[0]?.tier;
    expect(firstBy(null)).toBe('kill-idle');
    expect(firstBy({ user: 'checkout', limit: 50 })).toBe('cap-consumer');
  });

  it('is nothing after a no: no limit is planned, and nobody ends for it', () => {
    const settings = { policy: aPolicy(), mode: 'act' } as const;
    fc.assert(
      fc.property(stormsOfOne, (snapshot) => {
        const tierOf = (history: History) =>
          diagnoseSnapshot(snapshot, settings, history).plan.tiers.find(({ tier }) => tier === 'cap-consumer');
        expect(tierOf(STORMING)?.limit).not.toBeNull();
        expect(tierOf({ ...STORMING, denied: new Set(['cap-consumer']) })).toMatchObject({ limit: null, victims: [] });
      }),
      { numRuns: 100 },
    );
  });
});

describe('whom only a person may end', () => {
  const policy = aPolicy();

  it('is asked about by name, after everybody else, and never in mode act', () => {
    fc.assert(
      fc.property(snapshots, policies, (snapshot, given) => {
        for (const tier of plansOf(snapshot, given)) {
          const reserved = tier.victims.filter(({ session }) => reservedForPerson(session, given) !== null);
          const marked = tier.victims.filter(({ needsPerson }) => needsPerson !== null);
          if (tier.tier !== 'kill-idle') expect(marked).toEqual(reserved);
          expect(marked.length).toBeLessThanOrEqual(MOST_FOR_PERSON);
          expect(tier.victims.slice(tier.victims.length - marked.length)).toEqual(marked);
          for (const { session } of tier.victims) expect(protectionOf(session, given)).toBeNull();
        }
        const acting = diagnoseSnapshot(snapshot, { policy: given, mode: 'act' }, NO_HISTORY).plan.tiers;
        expect(acting.flatMap(({ victims }) => victims).filter(({ needsPerson }) => needsPerson !== null)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('is named with its reason, up to the most that anybody reads', () => {
    const costly = many(30, 1, (id) => inTransaction(id, { hasWritten: true, rowsModified: 50_000 }));
    const snapshot = aSnapshot(30, costly);
    const wide = {
      ...policy,
      caps: { perTierPercent: 100, perIncidentPercent: 100, perHourPercent: 100 },
      reliefPercent: 1,
    };
    const tier = plansOf(snapshot, wide).find((each) => each.tier === 'end-idle-transactions');
    const summary = summarisePlan(
      tier ?? { tier: 'end-idle-transactions', mode: 'approve', limit: null, refusal: null, victims: [], spared: [] },
      9,
    );
    expect(summary.named).toHaveLength(MOST_FOR_PERSON);
    expect(summary).toMatchObject({ writing: MOST_FOR_PERSON, rowsModified: MOST_FOR_PERSON * 50_000 });
    expect(summary.named[0]).toMatchObject({ needsPerson: 'rollback-too-costly' });
    expect(tier?.spared.some(({ reason }) => reason === 'rollback-too-costly')).toBe(true);
  });
});

describe('a summary', () => {
  it('is bounded, printable and without statements, whatever the names', () => {
    const hostile = (id: number) =>
      aSession(id, { user: `u${'x'.repeat(300)}\n${id}`, application: `a\u202e${id}`, database: '<script>' });
    const snapshot = aSnapshot(400, many(400, 1, hostile));
    const tier = plansOf(snapshot, aPolicy({ minimumPerPool: 0 }))[0];
    if (!tier) throw new Error('there is no tier');
    const summary = summarisePlan(tier, 120);
    expect(summary.consumers.length).toBeLessThanOrEqual(100);
    expect(summary.sessions).toBe(summary.consumers.reduce((sum, { sessions }) => sum + sessions, 0));
    expect(JSON.stringify(summary).length).toBeLessThan(40_000);
    expect(JSON.stringify(summary)).not.toMatch(/\\n|\u202e|SELECT \?/);
  });

  it('has a hash of its own: any change is another', () => {
    const hashes = [
      hashPlan('i', 1, aSummary()),
      hashPlan('i', 2, aSummary()),
      hashPlan('j', 1, aSummary()),
      hashPlan('i', 1, aSummary({ sessions: 11 })),
      hashPlan('i', 1, aSummary({ limit: aLimit({}) })),
      hashPlan('i', 1, aSummary({ limit: aLimit({ limit: 49 }) })),
    ];
    expect(new Set(hashes).size).toBe(6);
    expect(hashPlan('i', 1, aSummary())).toBe(hashes[0]);
  });
});
