import { describe, expect, it } from 'vitest';
import { budgetSlots } from '../../../../functions/core/policy/bounds.ts';
import { countSpared, NO_HISTORY, type History } from '../../../../functions/core/plan/tier-plan.ts';
import { policy } from '../../../../functions/core/policy/policy.ts';
import { sessionKey, type Session } from '../../../../functions/core/server/session.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import {
  active,
  aPolicy,
  aSession,
  aSnapshot,
  inTransaction,
  many,
  NEW_TO_ALL,
  waiter,
} from '../../../support/a-session.ts';

const acting = { policy: aPolicy(), mode: 'act' as const };

function planOf(usable: number, sessions: readonly Session[], settings = acting, history: History = NEW_TO_ALL) {
  return diagnoseSnapshot(aSnapshot(usable, sessions), settings, history).plan;
}

function victimsOf(plan: ReturnType<typeof planOf>, tier: string): number[] {
  return plan.tiers.find((each) => each.tier === tier)?.victims.map((victim) => victim.session.identity.id) ?? [];
}

describe('the plan', () => {
  it('ends just as many idle sessions as the relief level needs, the longest idle first', () => {
    const sessions = many(100, 1, (id) => aSession(id, { stateMs: 300_000 + id * 1000 }));
    const plan = planOf(100, sessions);
    expect(plan.need).toBe(30);
    expect(victimsOf(plan, 'kill-idle')).toEqual(many(30, 0, (offset) => 100 - offset));
    expect(countSpared(plan.spared)).toEqual({ enough: 68, 'pool-minimum': 2 });
  });

  it('levels the largest consumer down before it touches a small one', () => {
    const leak = many(80, 1, (id) => aSession(id, { application: 'leaky', stateMs: 301_000 }));
    const pool = many(20, 101, (id) => aSession(id, { application: `web-${id}`, stateMs: 9_000_000 }));
    const victims = victimsOf(planOf(100, [...pool, ...leak]), 'kill-idle');
    expect(victims).toHaveLength(30);
    expect(victims.every((id) => id <= 80)).toBe(true);
  });

  it('leaves each pool its minimum', () => {
    const pools = many(30, 1, (id) => aSession(id, { user: `u${String.fromCharCode(97 + (id % 10))}` }));
    const plan = planOf(30, pools);
    const ended = new Set(victimsOf(plan, 'kill-idle'));
    for (let pool = 0; pool < 10; pool++) {
      const left = pools.filter((session) => session.identity.id % 10 === pool && !ended.has(session.identity.id));
      expect(left.length).toBeGreaterThanOrEqual(2);
    }
    // Five are enough to come under the trigger: the other pools are left alone.
    expect(ended.size).toBe(5);
  });

  it('measures idleness by time in state, not by the age of the connection', () => {
    const old = many(10, 1, (id) => aSession(id, { connectedMs: 99_999_999, stateMs: 1_000 }));
    expect(countSpared(planOf(10, old).spared)).toEqual({ 'not-idle-long-enough': 10 });
  });

  it('ends no work while usage is under the trigger and clients get in, but kill-idle goes on to the relief level', () => {
    const sessions = [...many(40, 1, (id) => inTransaction(id)), ...many(40, 101, (id) => aSession(id))];
    const plan = planOf(100, sessions, acting, NEW_TO_ALL);
    expect(victimsOf(plan, 'kill-idle')).toHaveLength(10);
    expect(victimsOf(plan, 'end-idle-transactions')).toEqual([]);
    expect(countSpared(plan.spared)['work-to-lose']).toBe(40);
  });

  it('spares work too costly to undo, and ends the next one instead', () => {
    const costly = inTransaction(1, { rowsModified: 50_000, stateMs: 900_000 });
    const plan = planOf(4, [costly, ...many(2, 2, (id) => inTransaction(id, { rowsModified: id })), active(4)]);
    expect(victimsOf(plan, 'end-idle-transactions')).toEqual([2, 3]);
    expect(countSpared(plan.spared)['rollback-too-costly']).toBe(1);
  });

  it('cancels the query of a root blocker where that frees its locks, and ends its session where it does not', () => {
    const root = active(1, { transactionMs: 60_000 });
    const snapshot = aSnapshot(10, [root, ...many(9, 2, (id) => waiter(id, [1]))]);
    const methodOn = (engine: 'postgres' | 'mysql') =>
      diagnoseSnapshot({ ...snapshot, server: { ...snapshot.server, engine } }, acting, NO_HISTORY).plan.tiers.find(
        ({ tier }) => tier === 'break-locks',
      )?.victims[0]?.method;
    expect(methodOn('postgres')).toBe('cancel');
    expect(methodOn('mysql')).toBe('terminate');
  });

  it('ends failed transactions before living ones, and those without writes before writers', () => {
    const sessions = [
      ...many(90, 100, (id) => active(id)),
      inTransaction(1, { hasWritten: true, stateMs: 900_000 }),
      inTransaction(2, { stateMs: 800_000 }),
      inTransaction(3, { state: 'idle-in-transaction-aborted', stateMs: 61_000 }),
      ...many(7, 10, (id) => inTransaction(id, { stateMs: 1_000 })),
    ];
    expect(victimsOf(planOf(100, sessions, acting, NEW_TO_ALL), 'end-idle-transactions')).toEqual([3, 2, 1]);
  });

  it('ends the root blocker of a chain and never a waiter', () => {
    const chain = [
      inTransaction(1, { stateMs: 31_000, transactionMs: 31_000 }),
      waiter(2, [1]),
      waiter(3, [2]),
      ...many(96, 4, (id) => waiter(id, [3])),
    ];
    const plan = planOf(100, chain);
    expect(victimsOf(plan, 'break-locks')).toEqual([1]);
    expect(plan.tiers[0]?.tier).toBe('break-locks');
    expect(plan.tiers.flatMap((tier) => tier.victims)).toHaveLength(1);
    expect(countSpared(plan.spared)['waits-for-lock']).toBe(98);
  });

  it('ends a blocker that holds tables outside of any transaction only while it reads', () => {
    const holding = (changed: Partial<Session>) => {
      const outside = { transactionMs: null, transactionMark: null };
      const root = active(1, { ...outside, queryMs: 31_000, ...changed });
      return planOf(100, [root, ...many(99, 2, (id) => waiter(id, [1]))]);
    };
    const reading = holding({});
    expect(victimsOf(reading, 'break-locks')).toEqual([1]);
    expect(reading.tiers.flatMap(({ victims }) => victims)[0]?.reason).toContain('its query has run for 31 s');
    expect(countSpared(holding({ queryMs: 29_000 }).spared)['blocker-too-young']).toBe(1);
    const updating = { verb: 'UPDATE', text: 'UPDATE t SET a = ?', isOptedOut: false };
    for (const changed of [{ statement: updating }, { statement: null }, { queryMark: null }])
      expect(countSpared(holding(changed).spared)['age-unknown']).toBe(1);
  });

  it('leaves a blocker alone whose transaction is young or whose waiters are few or fresh', () => {
    const young = [
      inTransaction(1, { stateMs: 29_000, transactionMs: 29_000 }),
      ...many(99, 2, (id) => waiter(id, [1])),
    ];
    expect(countSpared(planOf(100, young).spared)['blocker-too-young']).toBe(1);
    const fresh = [
      inTransaction(1, { stateMs: 60_000, transactionMs: 60_000 }),
      ...many(99, 2, (id) => waiter(id, [1], { lockWaitMs: 14_000 })),
    ];
    expect(countSpared(planOf(100, fresh).spared)['few-waiters']).toBe(1);
  });

  it('leaves several blockers of the same waiters alone, and a prepared transaction', () => {
    const both = [
      inTransaction(1, { stateMs: 60_000 }),
      inTransaction(2, { stateMs: 60_000 }),
      ...many(98, 3, (id) => waiter(id, [1, 2])),
    ];
    expect(countSpared(planOf(100, both).spared)).toEqual({ 'one-of-several-blockers': 2, 'waits-for-lock': 98 });
    const prepared = many(100, 1, (id) => waiter(id, [0]));
    expect(countSpared(planOf(100, prepared).spared)).toEqual({ 'waits-for-lock': 100 });
  });

  it('cancels long queries, but no maintenance and nothing young', () => {
    const sessions = [
      ...many(50, 1, (id) => active(id, { queryMs: 700_000 + id })),
      ...many(25, 101, (id) =>
        active(id, { queryMs: 900_000, statement: { verb: 'VACUUM', text: null, isOptedOut: false } }),
      ),
      ...many(25, 201, (id) => active(id)),
    ];
    const plan = planOf(100, sessions);
    const cancel = plan.tiers.find((tier) => tier.tier === 'cancel-long');
    expect(cancel?.victims).toHaveLength(30);
    expect(cancel?.victims.every((victim) => victim.method === 'cancel')).toBe(true);
    expect(victimsOf(plan, 'cancel-long')[0]).toBe(50);
    expect(countSpared(plan.spared)).toEqual({ enough: 20, 'maintenance-statement': 25, 'query-too-young': 25 });
  });

  it('holds to the caps per act, per incident and per hour, and says which one', () => {
    const sessions = many(140, 1, (id) => aSession(id));
    const open = aPolicy({ minimumPerPool: 0 });
    const perAct = planOf(100, sessions, { ...acting, policy: open }, NEW_TO_ALL);
    expect(victimsOf(perAct, 'kill-idle')).toHaveLength(30);
    expect(countSpared(perAct.spared)['cap-tier']).toBe(110);
    const incident = planOf(
      100,
      sessions,
      { ...acting, policy: open },
      { ...NEW_TO_ALL, countedIncident: 45, countedHour: 45 },
    );
    expect(victimsOf(incident, 'kill-idle')).toHaveLength(5);
    expect(countSpared(incident.spared)['cap-incident']).toBe(135);
    const hour = planOf(100, sessions, { ...acting, policy: open }, { ...NEW_TO_ALL, countedHour: 98 });
    expect(victimsOf(hour, 'kill-idle')).toHaveLength(2);
    expect(countSpared(hour.spared)['cap-hour']).toBe(138);
  });

  it('rounds a cap up, so that a small server can reach its relief level', () => {
    expect(budgetSlots(30, 17)).toBe(6);
  });

  it('never ends again what was signalled and is still rolling back', () => {
    const sessions = many(10, 1, (id) => aSession(id));
    const first = sessions[0];
    const signalled = new Set(first ? [sessionKey(first.identity)] : []);
    const plan = planOf(10, sessions, acting, { ...NO_HISTORY, signalled });
    expect(victimsOf(plan, 'kill-idle')).not.toContain(1);
    expect(countSpared(plan.spared)['already-signalled']).toBe(1);
  });

  it('does not count on a tier that only observes when others act', () => {
    const sessions = [...many(50, 1, (id) => aSession(id)), ...many(50, 101, (id) => inTransaction(id))];
    const settings = { policy: aPolicy({ tiers: { 'kill-idle': 'observe' } }), mode: 'act' as const };
    const plan = planOf(100, sessions, settings);
    expect(victimsOf(plan, 'kill-idle')).toHaveLength(30);
    expect(victimsOf(plan, 'end-idle-transactions')).toHaveLength(30);
  });

  it('gives a session that holds an advisory lock or listens its reason', () => {
    const sessions = [
      ...many(8, 1, (id) => active(id, { queryMs: 20_000 })),
      aSession(9, { holds: ['advisory-lock'] }),
      aSession(10, { holds: ['listen'] }),
    ];
    const reasons = countSpared(planOf(10, sessions).spared);
    expect(reasons).toEqual({ 'query-too-young': 8, 'holds-advisory-lock': 1, 'holds-listen': 1 });
  });
});

it('lets sessions that waited for a lock go on before they count as idle', () => {
  const freed = many(100, 1, (id) => aSession(id, { stateMs: 6_000 }));
  const settings = { policy: policy.parse({}), mode: 'act' as const };
  expect(victimsOf(planOf(100, freed, settings), 'kill-idle')).toHaveLength(30);
  const justNow = { ...NEW_TO_ALL, brokeLocksAt: -6_000 };
  const plan = planOf(100, freed, settings, justNow);
  expect(victimsOf(plan, 'kill-idle')).toEqual([]);
  expect(plan.soon).toMatchObject({ tier: 'kill-idle', inMs: 24_000 });
  expect(victimsOf(planOf(100, freed, settings, { ...justNow, brokeLocksAt: -90_000 }), 'kill-idle')).toHaveLength(30);
});
