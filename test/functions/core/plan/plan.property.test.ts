import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetSlots } from '../../../../functions/core/policy/bounds.ts';
import { NO_HISTORY, type History } from '../../../../functions/core/plan/tier-plan.ts';
import { tierNamed } from '../../../../functions/core/plan/tiers/index.ts';
import type { Candidate } from '../../../../functions/core/plan/tiers/tier.ts';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import { TIER_NAMES, type TierName } from '../../../../functions/core/policy/tier-names.ts';
import type { LimitRecord } from '../../../../functions/core/record/limit.ts';
import { consumerOf, poolOf } from '../../../../functions/core/server/consumer.ts';
import { sessionKey, type Session } from '../../../../functions/core/server/session.ts';
import { slotsTaken, type Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot, type Diagnosis } from '../../../../functions/core/verdict/diagnosis.ts';
import { endedAt } from '../../../support/a-session.ts';
import { policies, snapshots, storms } from '../../../support/arbitraries.ts';

const A_CAP: LimitRecord = {
  targetId: 'orders',
  user: 'app',
  account: '"app"',
  incidentId: 'orders-incident',
  limit: 10,
  before: null,
  at: 0,
  setBy: 0,
  isSet: true,
  toldAt: null,
};

const histories: fc.Arbitrary<History> = fc.record({
  countedIncident: fc.integer({ min: 0, max: 30 }),
  countedLimited: fc.integer({ min: 0, max: 30 }),
  countedHour: fc.integer({ min: 0, max: 60 }),
  signalled: fc.constant(new Set<string>()),
  ended: fc
    .array(
      fc.tuple(
        fc.constantFrom('app/web-#', 'app/', 'reports/web-#'),
        fc
          .tuple(fc.integer({ min: -600_000, max: 0 }), fc.integer({ min: 1, max: 9 }))
          .map(([at, count]) => endedAt(at, count)),
      ),
      { maxLength: 2 },
    )
    .map((pairs) => new Map(pairs)),
  cancelled: fc.constant(new Map<string, number>()),
  refused: fc.constant({ tiers: new Map(), sessions: new Map() }),
  denied: fc.subarray([...TIER_NAMES], { maxLength: 1 }).map((names) => new Set<TierName>(names)),
  agreedLimit: fc.constantFrom(null, { user: 'app', limit: 12 }),
  lastCause: fc.constantFrom(null, 'connection-storm'),
  brokeLocksAt: fc.constantFrom(null, -10_000),
  since: fc.constantFrom(null, -120_000),
  pressingSince: fc.constantFrom(null, -160_000, -30_000),
  usual: fc.constant(null),
  masterUser: fc.constant(null),
  limits: fc
    .array(fc.record({ user: fc.constantFrom('app', 'reports', 'guarded'), limit: fc.integer({ min: 1, max: 60 }) }), {
      maxLength: 2,
    })
    .map((limits) => limits.map((limit) => ({ ...A_CAP, ...limit }))),
});

/** Checks a property of the plans that Headroom acts on, over generated snapshots, policies and histories. */
function forAllPlans(
  check: (made: {
    snapshot: Snapshot;
    policy: Policy;
    history: History;
    diagnosis: Diagnosis;
    victims: Candidate[];
  }) => void,
): void {
  fc.assert(
    fc.property(fc.oneof(snapshots, storms), policies, histories, (snapshot, policy, history) => {
      const diagnosis = diagnoseSnapshot(snapshot, { policy, mode: 'act' }, history);
      const victims = diagnosis.plan.tiers.flatMap((tier) => (tier.mode === 'act' ? tier.victims : []));
      check({ snapshot, policy, history, diagnosis, victims });
    }),
    { numRuns: 400 },
  );
}

/** Written against the list of what Headroom never ends, not against the code under test. */
function mayNeverEnd(session: Session): string | null {
  if (session.kind !== 'client') return 'not a client';
  if (session.own) return 'own';
  if (session.superuser) return 'superuser';
  if (session.administrator !== false) return 'an administrator of RDS, or nobody knows';
  if (session.user === null || session.user === 'rdsadmin') return 'RDS or unknown';
  if (session.doubts.includes('user-name')) return 'may be protected by policy';
  if (session.user === 'guarded' || session.client?.startsWith('10.9.') === true) return 'protected by policy';
  if (session.tool !== null) return 'backup or migration by what it does';
  // An idle session of such a name has rested for longer than such tools do.
  if (
    ['pg_dump', 'flyway'].includes(session.application) &&
    (session.state !== 'idle' || (session.stateMs ?? 0) < 900_000)
  )
    return 'backup or migration';
  if (['starting', 'rolling-back', 'unseen', 'other'].includes(session.state)) return 'state unknown, or ended already';
  if (session.statement?.isOptedOut === true) return 'opted out';
  if (session.state !== 'idle' && session.statement?.verb === 'VACUUM') return 'maintenance, for a person';
  if (session.blockedBy.length > 0 || session.lockWaitMs !== null) return 'waiter';
  if (session.holds.length > 0) return 'holds something';
  return null;
}

/** What must be known of a session before this tier may end it; null when all of it is. */
function unknownOf({ user, doubts, state, ...session }: Session, tier: TierName, { protect }: Policy): string | null {
  if (user === null || doubts.includes('user')) return 'user';
  if (doubts.includes('user-name') && protect.users.length > 0) return 'user';
  if (session.administrator === null) return 'whether it is an administrator';
  if (doubts.includes('application') && protect.applications.length > 0) return 'application';
  if (!['active', 'idle', 'idle-in-transaction', 'idle-in-transaction-aborted'].includes(state)) return 'state';
  switch (tier) {
    case 'kill-idle':
    case 'cap-consumer':
      return session.stateMs === null ? 'idle age' : null;
    case 'end-idle-transactions':
      if (session.stateMs === null) return 'idle age';
      return session.transactionMark === null && state !== 'idle-in-transaction-aborted' ? 'which transaction' : null;
    case 'break-locks':
      if (session.transactionMark !== null) return session.transactionMs === null ? 'age of the transaction' : null;
      if (state !== 'active' || session.statement?.verb !== 'SELECT') return 'what its end would leave behind';
      return session.queryMs === null || session.queryMark === null ? 'age of the query' : null;
    case 'cancel-long':
      return session.queryMs === null || session.queryMark === null ? 'age of the query' : null;
  }
}

/** A user with one such session must not be limited, whatever the server's list says. */
function neverLimited(session: Session): string | null {
  if (session.kind !== 'client') return 'not only clients';
  if (session.own || session.superuser || session.administrator !== false) return 'own or administrator';
  if (session.user === 'rdsadmin') return 'RDS';
  if (session.client?.startsWith('10.9.') === true) return 'protected by policy';
  return ['pg_dump', 'flyway'].includes(session.application) ? 'backup or migration' : null;
}

describe('every plan', () => {
  it('leaves alone what may never be ended', () => {
    forAllPlans(({ victims }) => {
      expect(victims.map((victim) => mayNeverEnd(victim.session)).filter(Boolean)).toEqual([]);
    });
  });

  it('ends nothing of which it does not know what counts: whose it is, what it does, since when', () => {
    forAllPlans(({ policy, diagnosis }) => {
      const acting = diagnosis.plan.tiers.filter(({ mode }) => mode === 'act');
      const unknown = acting.flatMap(({ tier, victims }) =>
        victims.map(({ session }) => unknownOf(session, tier, policy)).filter(Boolean),
      );
      expect(unknown).toEqual([]);
    });
  });

  it('counts nobody as gain that queues for a mutex, and ends nobody for such a queue', () => {
    const wait = { type: 'Lock', event: 'advisory' };
    const forMutexes = snapshots.map((snapshot) => ({
      ...snapshot,
      sessions: snapshot.sessions.map((session) => (session.blockedBy.length === 0 ? session : { ...session, wait })),
    }));
    fc.assert(
      fc.property(forMutexes, policies, histories, (snapshot, policy, history) => {
        const { plan } = diagnoseSnapshot(snapshot, { policy, mode: 'act' }, history);
        expect(plan.tiers.flatMap(({ victims }) => victims).filter(({ frees }) => frees > 1)).toEqual([]);
        expect(plan.tiers.find(({ tier }) => tier === 'break-locks')?.victims).toEqual([]);
      }),
    );
  });

  it('ends nobody when the relief level is reached, and no more than it needs', () => {
    forAllPlans(({ snapshot, policy, victims, diagnosis }) => {
      const over = slotsTaken(snapshot) - Math.floor((snapshot.limits.usable * policy.reliefPercent) / 100);
      const freedBeforeLast = victims.slice(0, -1).reduce((sum, victim) => sum + victim.frees, 0);
      // With a limit on their user, a little more: a refused login takes a slot for a moment.
      const limited = victims.some(({ reason }) => reason.includes('above its limit'));
      // And what a limit lets in that does not count the sessions that are there.
      const letIn = diagnosis.plan.tiers.flatMap(({ limit }) =>
        snapshot.userLimits.users.some(({ user, countsEarlier }) => user === limit?.user && !countsEarlier)
          ? [limit?.limit ?? 0]
          : [],
      );
      const margin = limited
        ? Math.ceil((policy.consumerCap.marginPercent * snapshot.limits.usable) / 100) + Math.max(0, ...letIn)
        : 0;
      if (over <= 0) expect(victims).toEqual([]);
      else if (victims.length > 0) expect(freedBeforeLast).toBeLessThan(over + margin);
    });
  });

  it('stays within every cap', () => {
    forAllPlans(({ snapshot, policy, history, diagnosis, victims }) => {
      const { usable } = snapshot.limits;
      for (const tier of diagnosis.plan.tiers) {
        expect(tier.victims.length).toBeLessThanOrEqual(budgetSlots(policy.caps.perTierPercent, usable));
      }
      const acting = diagnosis.plan.tiers.filter(({ mode }) => mode === 'act');
      const endedBy = (isLimited: boolean) =>
        acting
          .filter(({ tier }) => (tier === 'cap-consumer') === isLimited)
          .reduce((sum, tier) => sum + tier.victims.length, 0);
      const left = (percent: number, counted: number) => Math.max(0, Math.ceil((percent * usable) / 100) - counted);
      expect(endedBy(false)).toBeLessThanOrEqual(left(policy.caps.perIncidentPercent, history.countedIncident));
      expect(endedBy(true)).toBeLessThanOrEqual(left(policy.consumerCap.perIncidentPercent, history.countedLimited));
      const hourLeft = Math.max(0, Math.ceil((policy.caps.perHourPercent * usable) / 100) - history.countedHour);
      expect(victims.length).toBeLessThanOrEqual(hourLeft);
    });
  });

  it('leaves each pool its minimum when it ends idle sessions', () => {
    forAllPlans(({ snapshot, policy, diagnosis }) => {
      const idle = diagnosis.plan.tiers.find((tier) => tier.tier === 'kill-idle')?.victims ?? [];
      const pools = new Set(idle.map((victim) => poolOf(victim.session)));
      for (const pool of pools) {
        const size = snapshot.sessions.filter(
          (session) => session.kind === 'client' && poolOf(session) === pool,
        ).length;
        const taken = idle.filter((victim) => poolOf(victim.session) === pool).length;
        expect(size - taken).toBeGreaterThanOrEqual(policy.minimumPerPool);
      }
    });
  });

  it('ends no work unless usage is at the trigger or clients are refused', () => {
    forAllPlans(({ snapshot, policy, victims }) => {
      const calm =
        snapshot.canary.result === 'admitted' &&
        (100 * slotsTaken(snapshot)) / snapshot.limits.usable < policy.triggerPercent;
      const losing = victims.filter((victim) => victim.session.state !== 'idle');
      if (calm) expect(losing).toEqual([]);
    });
  });

  it('ends no idle session of a consumer that has just come back at once', () => {
    forAllPlans(({ diagnosis: { facts, plan } }) => {
      const victims = plan.tiers.find(({ tier }) => tier === 'kill-idle')?.victims ?? [];
      for (const { session } of victims) expect(facts.returns.inVainForMs(consumerOf(session))).toBe(0);
    });
  });

  it('limits no user that is protected, an administrator, of RDS, Headroom’s own or not allowed, and never to nothing', () => {
    let limited = 0;
    forAllPlans(({ snapshot, policy, history, diagnosis }) => {
      for (const { tier, limit, victims } of diagnosis.plan.tiers) {
        if (tier !== 'cap-consumer') expect(limit).toBeNull();
        if (limit === null) continue;
        limited++;
        const own = snapshot.sessions.filter(({ user }) => user === limit.user);
        expect(own.map(neverLimited).filter(Boolean)).toEqual([]);
        expect(limit.user).not.toBe('guarded');
        const allowed = snapshot.userLimits.users.find(({ user }) => user === limit.user);
        expect(allowed).toMatchObject({ user: limit.user, limit: limit.before, refusal: null });
        expect(snapshot.userLimits.missing).toEqual([]);
        expect(history.limits.map(({ user }) => user)).not.toContain(limit.user);
        expect(limit.limit).toBeGreaterThanOrEqual(policy.consumerCap.leastSessions);
        expect(limit.limit).toBeLessThan(Math.min(limit.sessions, limit.before ?? Infinity));
        expect(victims.filter(({ session }) => session.user === limit.user).length).toBeLessThanOrEqual(
          limit.sessions - limit.limit,
        );
      }
    });
    // Otherwise the property was never tried.
    expect(limited).toBeGreaterThan(2);
  });

  it('ends sessions under a limit only where it stands or comes first, idle ones, and none of those within it', () => {
    forAllPlans(({ snapshot, history, diagnosis }) => {
      const plan = diagnosis.plan.tiers.find(({ tier }) => tier === 'cap-consumer');
      for (const { session } of plan?.victims ?? []) {
        const standing = history.limits.filter(({ user, limit }) =>
          snapshot.userLimits.users.some((each) => each.user === user && each.limit === limit),
        );
        const limits = [...standing, ...(plan?.limit ? [plan.limit] : [])].filter(({ user }) => user === session.user);
        expect(limits).not.toEqual([]);
        expect(session.state).toBe('idle');
      }
    });
  });

  it('throws away no more work than the policy allows', () => {
    forAllPlans(({ policy: { rollback }, victims }) => {
      for (const { session } of victims.filter((victim) => victim.session.state !== 'idle')) {
        if (session.rowsModified !== null) expect(session.rowsModified).toBeLessThanOrEqual(rollback.maxRowsModified);
        else if (session.hasWritten) {
          const idleMs = session.state === 'active' ? 0 : (session.stateMs ?? 0);
          const workedMs = (session.transactionMs ?? Infinity) - idleMs;
          expect(workedMs).toBeLessThanOrEqual(rollback.maxWritingSeconds * 1000);
        }
      }
    });
  });

  it('says of every session once whether it ends or why it stays', () => {
    forAllPlans(({ snapshot, diagnosis }) => {
      const { tiers, spared } = diagnosis.plan;
      const keys = spared.map(({ session }) => sessionKey(session.identity));
      expect(new Set(keys).size).toBe(keys.length);
      const planned = new Set(
        tiers.flatMap((tier) => tier.victims).map((victim) => sessionKey(victim.session.identity)),
      );
      const unsaid = snapshot.sessions
        .map((session) => sessionKey(session.identity))
        .filter((key) => !planned.has(key) && !keys.includes(key));
      expect(unsaid).toEqual([]);
    });
  });

  it('names each victim once, with what must still hold when it ends', () => {
    forAllPlans(({ victims, diagnosis }) => {
      const keys = victims.map((victim) => sessionKey(victim.session.identity));
      expect(new Set(keys).size).toBe(keys.length);
      for (const victim of victims) expect(victim.expect.state).toBe(victim.session.state);
      for (const tier of diagnosis.plan.tiers) expect(tierNamed(tier.tier).consequence).not.toBe('');
    });
  });

  it('is the same for the same sessions, in whatever order they come', () => {
    fc.assert(
      fc.property(snapshots, policies, (snapshot, policy) => {
        const once = diagnoseSnapshot(snapshot, { policy, mode: 'act' }, NO_HISTORY);
        const turned = diagnoseSnapshot(
          { ...snapshot, sessions: [...snapshot.sessions].reverse() },
          { policy, mode: 'act' },
          NO_HISTORY,
        );
        expect(namesOf(turned)).toEqual(namesOf(once));
        expect(turned.cause).toEqual(once.cause);
      }),
      { numRuns: 500 },
    );
  });
});

function namesOf({ plan }: Diagnosis): unknown {
  return plan.tiers.map((tier) => [tier.tier, tier.victims.map((victim) => victim.session.identity.id)]);
}
