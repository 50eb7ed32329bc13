import { describe, expect, it } from 'vitest';
import { NO_HISTORY, type History, type TierPlan } from '../../../../../functions/core/plan/tier-plan.ts';
import { TIERS } from '../../../../../functions/core/plan/tiers/index.ts';
import { modeOfTier } from '../../../../../functions/core/plan/tiers/mode-of-tier.ts';
import type { Policy } from '../../../../../functions/core/policy/policy.ts';
import type { LimitRecord } from '../../../../../functions/core/record/limit.ts';
import type { Session } from '../../../../../functions/core/server/session.ts';
import type { Snapshot, UserLimit } from '../../../../../functions/core/server/snapshot.ts';
import { NO_USUAL } from '../../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../../functions/core/verdict/diagnosis.ts';
import { active, aPolicy, aSession, aSnapshot, endedAt, many } from '../../../../support/a-session.ts';

/** One of a storm: connected two seconds ago, ran one query, idle since. */
const stormy = (id: number, changed: Partial<Session> = {}) =>
  aSession(id, {
    user: 'checkout',
    application: `checkout-${id}`,
    connectedMs: 2_000,
    stateMs: 1_900,
    queryMs: 1_900,
    ...changed,
  });
const shop = many(10, 1_001, (id) => active(id, { user: 'shop', application: 'shop-web' }));
const storm = many(90, 1, (id) => stormy(id));

const mayLimit = (limit: UserLimit['limit'] = null, refusal: string | null = null): Partial<Snapshot> => ({
  userLimits: {
    missing: [],
    users: [{ user: 'checkout', account: '"checkout"', limit, countsEarlier: true, refusal }],
  },
});

function planned(
  sessions: readonly Session[],
  changed: Partial<Snapshot> = mayLimit(),
  { policy = {}, history = {} }: { readonly policy?: Partial<Policy>; readonly history?: Partial<History> } = {},
): TierPlan {
  const settings = { policy: aPolicy({ tiers: { 'cap-consumer': 'act' }, ...policy }), mode: 'act' as const };
  const diagnosis = diagnoseSnapshot(aSnapshot(100, sessions, changed), settings, {
    ...NO_HISTORY,
    lastCause: 'connection-storm',
    ...history,
  });
  const plan = diagnosis.plan.tiers.find(({ tier }) => tier === 'cap-consumer');
  if (!plan) throw new Error('the plan has no such tier');
  return plan;
}

const onRecord = (limit: number): LimitRecord => ({
  targetId: 'orders',
  user: 'checkout',
  account: '"checkout"',
  incidentId: 'orders-incident',
  limit,
  before: null,
  at: 0,
  setBy: 0,
  isSet: true,
  toldAt: null,
});

describe('cap-consumer', () => {
  it('limits the user that storms to its share under the relief level, and ends its idle sessions after that', () => {
    const { limit, victims, refusal } = planned([...storm, ...shop]);
    // 100 taken, relief at 70, a margin of 10: 40 of its 90 sessions must go.
    expect(limit).toMatchObject({ user: 'checkout', limit: 50, before: null, sessions: 90 });
    expect(limit?.concerns).toEqual([{ consumer: 'checkout/checkout-#', sessions: 90 }]);
    expect(limit?.reason).toContain('checkout holds 90 sessions (90% of all)');
    expect(refusal).toBeNull();
    expect(victims).toHaveLength(30);
    expect(victims.every(({ session }) => session.user === 'checkout')).toBe(true);
    expect(victims[0]?.expect).toMatchObject({ state: 'idle', minStateMs: 1_000, holdsNothing: true });
  });

  it('counts those that still log in with the user that storms, as most of them are its own', () => {
    const loggingIn = (id: number) => stormy(id, { user: null, application: '', state: 'starting', stateMs: null });
    const most = storm.map((session, at) => (at < 60 ? session : loggingIn(session.identity.id)));
    const { limit } = planned([...most, ...shop]);
    expect(limit).toMatchObject({ limit: 50, sessions: 60 });
    expect(limit?.reason).toContain('checkout holds 60 sessions (60% of all) with 30 more logging in');
  });

  it('knows who storms by those who came last, where a slow server lets in few within a few seconds', () => {
    const slow = many(60, 1, (id) => stormy(id, { connectedMs: id === 1 ? 2_500 : 10_000 + 100 * id }));
    const mail = many(3, 1_101, (id) => active(id, { user: 'mail', application: 'mail', connectedMs: 4_000 }));
    const loggingIn = many(30, 101, (id) =>
      stormy(id, { user: null, application: '', state: 'starting', connectedMs: 3_000, stateMs: null }),
    );
    const { limit } = planned([...slow, ...loggingIn, ...shop.slice(3), ...mail]);
    expect(limit).toMatchObject({ user: 'checkout', limit: 47, sessions: 60 });
    expect(limit?.reason).toContain('with 27 more logging in');
  });

  it('keeps the limit that is there in mind', () => {
    expect(planned([...storm, ...shop], mayLimit(95)).limit).toMatchObject({ limit: 50, before: 95 });
    expect(planned([...storm, ...shop], mayLimit(50))).toMatchObject({ limit: null, victims: [] });
    expect(planned([...storm, ...shop], mayLimit(50)).refusal?.why).toContain('is already limited to 50');
  });

  it('lets in the least beside those that stay where the server does not count them, and ends as many more', () => {
    const users = [{ user: 'checkout', account: '`checkout`@`%`', limit: null, countsEarlier: false, refusal: null }];
    const policy = { caps: { ...aPolicy().caps, perTierPercent: 100 } };
    const { limit, victims } = planned([...storm, ...shop], { userLimits: { missing: [], users } }, { policy });
    expect(limit).toMatchObject({ limit: 5, account: '`checkout`@`%`' });
    expect(limit?.reason).toContain('as this server does not count the present ones');
    // 30 to the relief level, a margin of 10, and the 5 that may come.
    expect(victims).toHaveLength(45);
  });

  it('leaves its user a least number of connections', () => {
    const policy = { consumerCap: { ...aPolicy().consumerCap, leastSessions: 85 } };
    expect(planned([...storm, ...shop], mayLimit(), { policy }).limit).toMatchObject({ limit: 85 });
  });

  it.each([
    [0, 60],
    [10, 50],
    [25, 35],
  ])('leaves a margin under the relief level: with marginPercent %d the limit is %d', (marginPercent, limit) => {
    const policy = { consumerCap: { ...aPolicy().consumerCap, marginPercent } };
    expect(planned([...storm, ...shop], mayLimit(), { policy }).limit).toMatchObject({ limit });
  });

  it.each([
    [89, false],
    [90, true],
  ])('limits a shared user up to its share: with sharedPercent %d one that holds 90: %s', (share, may) => {
    const shared = storm.map((session, index) => (index === 0 ? { ...session, application: 'mail' } : session));
    const policy = { consumerCap: { ...aPolicy().consumerCap, sharedPercent: share } };
    const { limit, refusal } = planned([...shared, ...shop], mayLimit(), { policy });
    expect(limit !== null).toBe(may);
    if (!may) expect(refusal?.why).toContain('2 applications share it');
  });

  it('does nothing where nothing speaks of a storm, and nothing while clients get in', () => {
    const old = many(90, 1, (id) => stormy(id, { connectedMs: 3_600_000, stateMs: 600_000 }));
    const history = { lastCause: null };
    expect(planned([...old, ...shop], mayLimit(), { history })).toMatchObject({
      limit: null,
      refusal: null,
      victims: [],
    });
    expect(planned([...storm.slice(0, 65), ...shop])).toMatchObject({ limit: null, refusal: null, victims: [] });
  });

  it('is proposed when ended idle sessions were back at once, for the user who took the slots', () => {
    const kept = many(60, 1, (id) => stormy(id, { connectedMs: 3_600_000, stateMs: 600_000 }));
    const refilled = many(30, 61, (id) => stormy(id, { connectedMs: 9_000, stateMs: 8_000 }));
    const history = { ended: new Map([['checkout/checkout-#', endedAt(-10_000, 30)]]), lastCause: null };
    const { limit, victims } = planned([...kept, ...refilled, ...shop], mayLimit(), { history });
    expect(limit).toMatchObject({ user: 'checkout', limit: 50 });
    expect(victims).toHaveLength(30);
  });

  it('is proposed when a leak goes on until the budgets are used up: only a limit holds it back', () => {
    const leak = many(90, 1, (id) => stormy(id, { connectedMs: 1_000 * id, stateMs: 1_000 * id - 50 }));
    const known = { checkout: { all: 4, long: 4 }, shop: { all: 10, long: 10 } };
    const pool = { idle: 10, open: 0, busy: 10, low: 10, all: 10, long: 10, used: 10 };
    const usual = { ...NO_USUAL, basis: 'profile' as const, users: known, consumers: { 'shop/shop-web': pool } };
    const history = { since: -120_000, usual, lastCause: 'connection-leak' as const };
    expect(planned([...leak, ...shop], mayLimit(), { history })).toMatchObject({ limit: null, refusal: null });
    const spent = { ...history, countedIncident: 50, countedHour: 50 };
    const { limit, victims } = planned([...leak, ...shop], mayLimit(), { history: spent });
    expect(limit).toMatchObject({ user: 'checkout', limit: 50 });
    expect(victims.length).toBeGreaterThan(0);
  });

  it('leaves a user what is usual of it, and is not proposed for one that holds no more', () => {
    const usual = { ...NO_USUAL, basis: 'profile' as const, users: { checkout: { all: 60, long: 60 } } };
    expect(planned([...storm, ...shop], mayLimit(), { history: { usual } }).limit).toMatchObject({ limit: 69 });
    const as = { ...NO_USUAL, basis: 'profile' as const, users: { checkout: { all: 88, long: 88 } } };
    const { limit, refusal } = planned([...storm, ...shop], mayLimit(), { history: { usual: as } });
    expect(limit).toBeNull();
    expect(refusal?.why).toContain('no more than is usual');
  });

  it('goes on to end the idle sessions above a limit that stands, in a budget of its own, and sets no second one', () => {
    const history = { limits: [onRecord(50)], countedIncident: 50 };
    const standing = planned([...storm, ...shop], mayLimit(50), { history });
    expect(standing).toMatchObject({ limit: null, refusal: null });
    expect(standing.victims).toHaveLength(30);
    expect(planned([...storm, ...shop], mayLimit(50), { history: { ...history, countedLimited: 50 } }).victims).toEqual(
      [],
    );
    const within = planned([...storm.slice(0, 50), ...many(40, 1_001, (id) => active(id))], mayLimit(50), { history });
    expect(within.victims).toEqual([]);
    expect(within.spared.map(({ reason }) => reason)).toContain('within-limit');
  });

  it('leaves young, busy and holding sessions of a limited user alone', () => {
    const mixed = [
      ...many(60, 1, (id) => stormy(id, { stateMs: 900 })),
      ...many(20, 61, (id) => stormy(id, { holds: ['advisory-lock'] })),
      ...many(10, 81, (id) => active(id, { user: 'checkout', application: 'checkout-0', connectedMs: 2_000 })),
    ];
    const { limit, victims, spared } = planned([...mixed, ...shop]);
    expect(limit).not.toBeNull();
    expect(victims).toEqual([]);
    // Who holds a lock is never in question, so the tier does not even propose it.
    expect(new Set(spared.map(({ reason }) => reason))).toEqual(new Set(['not-idle-long-enough']));
  });

  it.each<[string, readonly Session[], Partial<Snapshot>, Partial<Policy>, string]>([
    [
      'a user that everything shares',
      [...storm, ...shop.map((session) => ({ ...session, user: 'checkout' }))],
      mayLimit(),
      {},
      '2 applications share it (checkout/checkout-#, checkout/shop-web) and hold 100%',
    ],
    [
      'a protected user',
      [...storm, ...shop],
      mayLimit(),
      { protect: { ...aPolicy().protect, users: ['check*'] } },
      'protected',
    ],
    [
      'a user of a protected application',
      [...storm.slice(1), stormy(1, { application: 'billing' }), ...shop],
      mayLimit(),
      { protect: { ...aPolicy().protect, applications: ['billing'] } },
      'protected',
    ],
    ['a superuser', [...storm.slice(1), stormy(1, { superuser: true }), ...shop], mayLimit(), {}, 'protected'],
    ['a login of RDS', storm.map((session) => ({ ...session, user: 'rdsproxyadmin' })), mayLimit(), {}, 'protected'],
    [
      'a user no administrator allowed',
      [...storm, ...shop],
      { userLimits: { missing: [], users: [] } },
      {},
      'no administrator has allowed',
    ],
    [
      'a server without the routine',
      [...storm, ...shop],
      { userLimits: { missing: ['create it'], users: [] } },
      {},
      'Headroom is not set up',
    ],
    [
      'a role the server would not change',
      [...storm, ...shop],
      mayLimit(null, 'it is a superuser'),
      {},
      'it is a superuser',
    ],
  ])('refuses %s and says why', (_, sessions, changed, policy, why) => {
    const plan = planned(sessions, changed, { policy });
    expect(plan).toMatchObject({ limit: null, victims: [] });
    expect(plan.refusal?.why).toContain(why);
  });

  it('says exactly what to create or to run', () => {
    const missing = ['CREATE THIS', 'GRANT THAT'];
    expect(planned([...storm, ...shop], { userLimits: { missing, users: [] } }).refusal?.fix).toEqual(missing);
    expect(planned([...storm, ...shop], { userLimits: { missing: [], users: [] } }).refusal?.fix.join()).toContain(
      'headroom grants --cap-users checkout',
    );
    const hostile = storm.map((session) => ({ ...session, user: `o'brien; rm -rf /\u202e` }));
    expect(planned([...hostile, ...shop], { userLimits: { missing: [], users: [] } }).refusal?.fix.join()).toContain(
      `--cap-users 'o'\\''brien; rm -rf /·'`,
    );
  });

  it('refuses while no single user holds most of the new sessions, or an earlier limit is unsettled', () => {
    const both = [...storm.slice(0, 45), ...many(45, 201, (id) => stormy(id, { user: 'mail' })), ...shop];
    expect(planned(both).refusal?.why).toContain('no single user');
    const history = { limits: [onRecord(40)] };
    expect(planned([...storm, ...shop], mayLimit(null), { history }).refusal?.why).toContain('is not settled yet');
  });

  it.each([
    ['observe', {}, 'observe'],
    ['approve', {}, 'approve'],
    ['act', {}, 'approve'],
    ['act', { 'kill-idle': 'act' }, 'approve'],
    ['act', { 'cap-consumer': 'observe' }, 'observe'],
    ['act', { 'cap-consumer': 'act' }, 'act'],
    ['observe', { 'cap-consumer': 'act' }, 'act'],
  ] as const)('on a target in mode %s with the tiers %j its mode is %s', (mode, tiers, own) => {
    expect(modeOfTier('cap-consumer', { policy: aPolicy({ tiers }), mode })).toBe(own);
  });

  it('alone asks first by itself, and plans the same limit for the question', () => {
    for (const { name } of TIERS.filter((tier) => tier.name !== 'cap-consumer')) {
      expect(modeOfTier(name, { policy: aPolicy(), mode: 'act' })).toBe('act');
    }
    const policy = { tiers: {} };
    expect(planned([...storm, ...shop], mayLimit(), { policy })).toMatchObject({
      mode: 'approve',
      limit: { limit: 50 },
    });
  });

  it('proposes no limit after a no, and says that a person said it', () => {
    const history = { denied: new Set(['cap-consumer'] as const) };
    const { limit, refusal, victims } = planned([...storm, ...shop], mayLimit(), { history });
    expect({ limit, refusal, victims }).toEqual({
      limit: null,
      refusal: { why: expect.stringContaining('a person has said no') as string, fix: [] },
      victims: [],
    });
  });
});
