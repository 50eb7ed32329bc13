import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetSlots } from '../../../../functions/core/policy/bounds.ts';
import { consequencesOf, describeCall, planCall, type PersonsCall } from '../../../../functions/core/plan/call.ts';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { sessionKey, type Session } from '../../../../functions/core/server/session.ts';
import { aCall } from '../../../support/a-call.ts';
import { active, aPolicy, aSession, aSnapshot, inTransaction, many, waiter } from '../../../support/a-session.ts';
import { policies, snapshots } from '../../../support/arbitraries.ts';

const calls: fc.Arbitrary<PersonsCall> = fc
  .record({
    user: fc.constantFrom(null, 'app', 'APP', 'guarded', 'rdsadmin', 'a*', 'web*'),
    application: fc.constantFrom(null, 'web-1', 'web-*', 'pg_dump', 'flyway'),
    database: fc.constantFrom(null, null, 'shop', 'l*'),
    client: fc.constantFrom(null, null, '10.0.0.1', '10.9.*', '10.0.0.0/8'),
    active: fc.boolean(),
    costly: fc.boolean(),
    capped: fc.boolean(),
  })
  .map((made) => aCall(made));

function plan(sessions: readonly Session[], call = aCall(), policy = aPolicy()) {
  return planCall(aSnapshot(100, sessions), policy, { call, confirmed: null }, NO_HISTORY);
}

const idsOf = (planned: ReturnType<typeof plan>) => planned.victims.map(({ session }) => session.identity.id);
const reasonsOf = (planned: ReturnType<typeof plan>) =>
  Object.fromEntries(planned.spared.map(({ session, reason }) => [session.identity.id, reason]));

/** Written against the list of what Headroom never ends and against the call's promises, not against the code. */
function mayNeverEnd(session: Session, { active: running, costly }: PersonsCall): boolean {
  // No such tool rests outside a transaction for a quarter of an hour.
  const isResting = session.state === 'idle' && (session.stateMs ?? 0) >= 900_000;
  const isDump = session.tool !== null || (['pg_dump', 'flyway'].includes(session.application) && !isResting);
  const isDoubtful = session.doubts.includes('user');
  const isHeld = session.state === 'idle' && session.holds.length > 0;
  const isProtected =
    session.doubts.includes('user-name') || session.user === 'guarded' || session.client?.startsWith('10.9.') === true;
  const isRds = session.user === null || session.user === 'rdsadmin';
  const isUnclear = ['starting', 'rolling-back', 'unseen', 'other'].includes(session.state);
  const hasOptedOut = session.statement?.isOptedOut === true;
  const isBusy = session.state === 'active' || session.blockedBy.length > 0 || session.lockWaitMs !== null;
  const isMaintenance = session.state !== 'idle' && session.statement?.verb === 'VACUUM';
  return (
    session.kind !== 'client' ||
    session.own ||
    session.superuser ||
    session.administrator !== false ||
    isDump ||
    isDoubtful ||
    isHeld ||
    isProtected ||
    isRds ||
    isUnclear ||
    hasOptedOut ||
    (isBusy && !running) ||
    (isMaintenance && !costly)
  );
}

describe('every plan of a call', () => {
  it('ends nobody that may never be ended, and nobody that was not named', () => {
    fc.assert(
      fc.property(snapshots, policies, calls, (snapshot, policy, call) => {
        const { victims } = planCall(snapshot, policy, { call, confirmed: null }, NO_HISTORY);
        expect(victims.filter(({ session }) => mayNeverEnd(session, call))).toEqual([]);
        for (const { session, expect: expected } of victims) {
          expect(expected.state).toBe(session.state);
          if (call.user === 'app' || call.user === 'APP') expect(session.user?.toLowerCase()).toBe('app');
          if (call.application === 'web-*') expect(session.application.startsWith('web-')).toBe(true);
          if (call.database === 'shop') expect(session.database).toBe('shop');
          if (call.client === '10.0.0.1') expect(session.client).toBe('10.0.0.1');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('stays within every cap, unless a person lifts them, and says of every session that it means what becomes of it', () => {
    fc.assert(
      fc.property(snapshots, policies, calls, fc.nat(40), (snapshot, policy, call, countedHour) => {
        const { victims, spared, others } = planCall(
          snapshot,
          policy,
          { call, confirmed: null },
          { ...NO_HISTORY, countedHour },
        );
        expect(victims.length + spared.length + others).toBe(snapshot.sessions.length);
        const { usable } = snapshot.limits;
        const { perTierPercent, perIncidentPercent, perHourPercent } = policy.caps;
        const room = Math.min(
          budgetSlots(perTierPercent, usable),
          budgetSlots(perIncidentPercent, usable),
          Math.max(0, budgetSlots(perHourPercent, usable) - countedHour),
        );
        if (call.capped) expect(victims.length).toBeLessThanOrEqual(room);
        else expect(spared.filter(({ reason }) => reason.startsWith('cap-'))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('ends of a confirmed plan nobody that was not in it', () => {
    fc.assert(
      fc.property(snapshots, snapshots, policies, calls, (shown, later, policy, call) => {
        const before = planCall(shown, policy, { call, confirmed: null }, NO_HISTORY).victims;
        const confirmed = new Map(before.map(({ session }) => [sessionKey(session.identity), session.state]));
        for (const { session } of planCall(later, policy, { call, confirmed }, NO_HISTORY).victims) {
          const state = confirmed.get(sessionKey(session.identity));
          expect(state).toBeDefined();
          if (!call.active) expect(session.state).toBe(state);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a call', () => {
  it('matches as the policy does: exact or by prefix, upper and lower case as one, addresses by network', () => {
    const sessions = [
      aSession(1, { user: 'Export', application: 'job-1', client: '10.1.2.3' }),
      aSession(2, { user: 'export2', application: 'job-2', client: '::ffff:10.1.9.9' }),
      aSession(3, { user: 'exporter', application: 'web', client: null }),
    ];
    const ends = (scope: Partial<PersonsCall>) => idsOf(plan(sessions, aCall({ user: null, ...scope })));
    expect(ends({ user: 'export' })).toEqual([1]);
    expect(ends({ user: 'export*' })).toEqual([1, 2, 3]);
    expect(ends({ user: 'export*', application: 'job-*' })).toEqual([1, 2]);
    expect(ends({ user: 'export*', client: '10.1.0.0/16' })).toEqual([1, 2]);
    expect(ends({ application: 'job' })).toEqual([]);
  });

  it('ends idle sessions and idle transactions, what loses least first, and tells what follows', () => {
    const planned = plan([
      inTransaction(1),
      active(2),
      inTransaction(3, { state: 'idle-in-transaction-aborted' }),
      aSession(4, { stateMs: 1 }),
      aSession(5),
      waiter(6, [2]),
    ]);
    expect(idsOf(planned)).toEqual([5, 4, 3, 1]);
    expect(reasonsOf(planned)).toEqual({ 2: 'query-not-asked-for', 6: 'waits-for-lock' });
    expect(consequencesOf(planned.victims)[0]).toBe(
      '2 idle: a pool reconnects; an app without retry sees one connection error',
    );
    expect(consequencesOf(planned.victims)).toHaveLength(3);
    expect(planned.victims.every(({ method }) => method === 'terminate')).toBe(true);
  });

  it('with --active ends running queries and waiters too, whatever they have come to meanwhile', () => {
    const call = aCall({ active: true });
    expect(idsOf(plan([active(1), waiter(2, [1]), aSession(3)], call))).toEqual([3, 1, 2]);
    const confirmed = new Map([[sessionKey(aSession(1).identity), 'idle' as const]]);
    const toActive = (allowed: PersonsCall) =>
      planCall(aSnapshot(100, [inTransaction(1), aSession(2)]), aPolicy(), { call: allowed, confirmed }, NO_HISTORY);
    expect(idsOf(toActive(call))).toEqual([1]);
    expect(idsOf(toActive(aCall()))).toEqual([]);
    expect(reasonsOf(toActive(aCall()))).toEqual({ 1: 'changed-since', 2: 'came-later' });
  });

  it('leaves to --costly what only a person may throw away', () => {
    const sessions = [
      inTransaction(1, { rowsModified: 2_000_000 }),
      active(2, { statement: { verb: 'VACUUM', text: null, isOptedOut: false } }),
    ];
    const call = aCall({ active: true });
    expect(reasonsOf(plan(sessions, call))).toEqual({ 1: 'rollback-too-costly', 2: 'maintenance-statement' });
    expect(idsOf(plan(sessions, { ...call, costly: true }))).toEqual([1, 2]);
  });

  it('names the cap that holds it back', () => {
    const sessions = many(60, 1, (id) => aSession(id));
    expect(plan(sessions).victims).toHaveLength(30);
    expect(new Set(Object.values(reasonsOf(plan(sessions))))).toEqual(new Set(['cap-tier']));
    expect(plan(sessions, aCall({ capped: false })).victims).toHaveLength(60);
  });

  it('is told in one line, whoever wrote it', () => {
    const hostile = aCall({ user: 'a\nb', by: '\u001b[2Jann', why: 'x'.repeat(999), active: true, capped: false });
    const words = describeCall(hostile);
    expect(words).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(words.length).toBeLessThan(400);
    expect(words).toContain('with running queries, beyond the budgets');
  });
});
