import { describe, expect, it } from 'vitest';
import { countSpared, NO_HISTORY, type History } from '../../../../functions/core/plan/tier-plan.ts';
import { policy } from '../../../../functions/core/policy/policy.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import type { Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { NO_USUAL, type Usual } from '../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import { active, aSession, aSnapshot, endedAt, many } from '../../../support/a-session.ts';
import { aUsual } from '../../../support/a-usual.ts';

const acting = { policy: policy.parse({}), mode: 'act' as const };
const MINUTE = 60_000;
const pool = many(60, 1, (id) => aSession(id, { application: 'pool', stateMs: 20 * MINUTE }));
const busy = many(30, 101, (id) => active(id, { application: 'busy', queryMs: 20 }));
const usually = (idle: number, inUse: number) => aUsual(idle + inUse, inUse, { idle });
const KNOWN = { ...NO_USUAL, basis: 'profile', consumers: { 'app/pool': usually(60, 4), 'app/busy': usually(0, 30) } };

function planOf(
  sessions: readonly Session[],
  history: Partial<History>,
  usual: Partial<Usual> = {},
  changed: Partial<Snapshot> = {},
) {
  const snapshot = aSnapshot(100, sessions, changed);
  const past = { ...NO_HISTORY, usual: { ...KNOWN, ...usual } as Usual, ...history };
  return diagnoseSnapshot(snapshot, acting, past).plan;
}

const { at: NOW } = aSnapshot(100, []);

function endedOf(plan: ReturnType<typeof planOf>): number {
  return plan.tiers.reduce((sum, { victims }) => sum + victims.length, 0);
}

it('the consumer that the incident has ended sessions of stays the first to choose from', () => {
  const grown = many(20, 201, (id) => aSession(id, { application: 'grown', stateMs: 20 * MINUTE }));
  const few = many(10, 301, (id) => aSession(id, { application: 'few', stateMs: 20 * MINUTE }));
  const usual = { consumers: { ...KNOWN.consumers, 'app/grown': usually(10, 0) } };
  const firstAfter = (ended: string) => {
    const history = { pressingSince: NOW - MINUTE, ended: new Map([[ended, endedAt(NOW - MINUTE, 30)]]) };
    const plan = planOf([...pool.slice(0, 58), ...grown, ...few], history, usual);
    return plan.tiers.flatMap(({ victims }) => victims.map(({ session }) => session.application));
  };
  expect(new Set(firstAfter('app/grown'))).toEqual(new Set(['grown']));
  expect(new Set(firstAfter('app/few'))).toEqual(new Set(['few']));
});

it('a leak that has refilled what was ended is tried again once nothing has come for 20 s, and healthy pools are not', () => {
  const lookAfter = (ms: number, usual: Partial<Usual> = {}) => {
    const old = many(25, 201, (id) => aSession(id, { application: 'leak', stateMs: MINUTE, connectedMs: MINUTE }));
    const back = many(10, 301, (id) =>
      aSession(id, { application: 'leak', stateMs: ms - 1_000, connectedMs: ms - 1_000 }),
    );
    const history = { pressingSince: NOW - MINUTE, ended: new Map([['app/leak', endedAt(NOW - ms, 10)]]) };
    return planOf([...pool, ...old, ...back], history, usual);
  };
  const [early, later] = [lookAfter(16_000), lookAfter(21_000)];
  expect([endedOf(early), countSpared(early.spared)['refills-at-once']]).toEqual([0, 33]);
  // Young ones wait for the same.
  expect([lookAfter(3_000).soon, lookAfter(5_000).soon, early.soon]).toMatchObject([
    null,
    { tier: 'kill-idle', sessions: 25, inMs: 16_000 },
    { tier: 'kill-idle', sessions: 25, inMs: 5_000 },
  ]);
  // Where nobody knows what is usual, it may be a healthy pool.
  const unknown = lookAfter(21_000, { basis: 'arrivals' });
  expect([endedOf(unknown), unknown.soon]).toEqual([0, null]);
  const victims = later.tiers.flatMap((tier) => tier.victims);
  expect([victims.length, new Set(victims.map(({ session }) => session.application))]).toEqual([25, new Set(['leak'])]);
});

it('of what came within seconds a few are ended first, and all that is needed once none of them has come back', () => {
  const crowd = (count: number, agoMs: number) =>
    many(count, 201, (id) => aSession(id, { application: 'crowd', stateMs: agoMs - 1_000, connectedMs: agoMs }));
  const calm = pool.slice(0, 55);
  const first = planOf([...calm, ...crowd(45, 9_000)], {});
  expect([endedOf(first), countSpared(first.spared)['tried-first']]).toEqual([12, 31]);
  const gone = { ended: new Map([['app/crowd', endedAt(NOW - 5_000, 12)]]) };
  expect(endedOf(planOf([...calm, ...crowd(33, 14_000)], gone))).toBe(18);
});

describe('spare idle sessions of a healthy pool', () => {
  const sessions = [...pool, ...busy];

  it('are left alone while clients get in, counted anew from the last time that relief was watched', () => {
    const waiting = planOf(sessions, { since: NOW - 20 * MINUTE, pressingSince: NOW - 149_000 });
    expect([endedOf(waiting), waiting.soon?.inMs]).toEqual([0, 1_000]);
    expect(endedOf(planOf(sessions, { since: NOW - 20 * MINUTE, pressingSince: NOW - 150_000 }))).toBe(10);
    expect(endedOf(planOf(sessions, { since: NOW - 20 * MINUTE, pressingSince: null }))).toBe(0);
  });

  it('do not go for a consumer that may be the cause and cannot be told', () => {
    const report = many(25, 201, (id) => active(id, { application: 'report', queryMs: 5 * MINUTE }));
    const rest = [...pool, ...busy.slice(0, 5), ...report];
    const seldom = { unsure: ['app/report'], isSeldomSeen: true };
    const plan = planOf(rest, { pressingSince: NOW - 10 * MINUTE }, seldom);
    expect([endedOf(plan), countSpared(plan.spared)['usual-unknown']]).toEqual([0, 25]);
    // Six bring usage under the trigger, five do not.
    const withReports = (count: number) => [...pool, ...busy.slice(0, 30 - count), ...report.slice(0, count)];
    const endedWith = (count: number) =>
      endedOf(planOf(withReports(count), { pressingSince: NOW - 10 * MINUTE }, seldom));
    expect([endedWith(5), endedWith(6)]).toEqual([10, 0]);
  });

  it('do not go where what a consumer has grown by within a day may be the trouble', () => {
    const endedWith = (settled: number) => {
      const consumers = { ...KNOWN.consumers, 'app/busy': { ...usually(0, 30), settled } };
      return endedOf(planOf(sessions, { pressingSince: NOW - 10 * MINUTE }, { consumers }));
    };
    // Six bring usage under the trigger, five do not.
    expect([endedWith(25), endedWith(24)]).toEqual([10, 0]);
  });

  it('do not go for growth that shows neither trouble nor work', () => {
    const shop = (idle: number) => [
      ...many(idle, 201, (id) => aSession(id, { application: 'shop', stateMs: 2_000 })),
      ...many(10, 401, (id) => active(id, { application: 'shop', queryMs: 20 })),
    ];
    const endedWith = (idle: number) => {
      const consumers = { ...KNOWN.consumers, 'app/shop': { ...usually(20, 10), all: 12, long: 12 } };
      const rest = [...pool, ...busy.slice(0, 20 - idle), ...shop(idle)];
      return endedOf(planOf(rest, { pressingSince: NOW - 10 * MINUTE }, { consumers }));
    };
    expect([endedWith(5), endedWith(8)]).toEqual([10, 0]);
  });

  it('pay for usage under the trigger and no more, and only from 90% on or where clients are refused', () => {
    const old = { pressingSince: NOW - 60 * MINUTE };
    const lessOne = sessions.slice(0, -1);
    expect(endedOf(planOf(lessOne, old))).toBe(0);
    expect(countSpared(planOf(lessOne, old).spared)['at-usual']).toBe(89);
    // From 90 slots taken to 80: the trigger is at 85.
    expect(endedOf(planOf(sessions, old))).toBe(10);
    const refused = {
      canary: { result: 'refused', refusal: { kind: 'full', code: '53300', message: 'full' } },
    } as const;
    expect(endedOf(planOf(lessOne, { pressingSince: NOW }, {}, refused))).toBe(9);
  });

  it('do not go for slots that are taken again at once by whoever fills the server', () => {
    const crowd = many(6, 401, (id) => aSession(id, { application: 'crowd', stateMs: 1_000, connectedMs: 4_000 }));
    const ended = (sessionsEnded: number) =>
      endedOf(
        planOf([...pool, ...busy.slice(6), ...crowd], {
          pressingSince: NOW - 60 * MINUTE,
          ended: new Map([['app/crowd', endedAt(NOW - 5_000, sessionsEnded)]]),
        }),
      );
    expect(ended(15)).toBe(8);
    expect(ended(8)).toBe(0);
  });

  it('pay for what suspects do not bring', () => {
    const leak = many(6, 301, (id) => aSession(id, { application: 'leak' }));
    const plan = planOf([...sessions.slice(6), ...leak], { pressingSince: NOW - 60 * MINUTE });
    const victims = plan.tiers.flatMap((tier) => tier.victims.map(({ session }) => session.application));
    expect(victims.filter((application) => application === 'leak')).toHaveLength(4);
    expect(victims.filter((application) => application === 'pool')).toHaveLength(6);
  });
});
