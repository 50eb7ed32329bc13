import { describe, expect, it } from 'vitest';
import { generateIncident } from '../../../../bench/incidents/generate.ts';
import { MODELS } from '../../../../bench/incidents/models.ts';
import { CAUSES, tierOrderFor, weighCauses } from '../../../../functions/core/cause/find-cause.ts';
import { NO_HISTORY } from '../../../../functions/core/plan/tier-plan.ts';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import type { Snapshot } from '../../../../functions/core/server/snapshot.ts';
import { NO_USUAL } from '../../../../functions/core/usual/usual.ts';
import { diagnoseSnapshot } from '../../../../functions/core/verdict/diagnosis.ts';
import {
  active,
  aPolicy,
  aSession,
  aSnapshot,
  endedAt,
  inTransaction,
  many,
  waiter,
} from '../../../support/a-session.ts';

function causeOf(sessions: readonly Session[], changed: Partial<Snapshot> = {}) {
  return diagnoseSnapshot(aSnapshot(100, sessions, changed), { policy: aPolicy(), mode: 'act' }, NO_HISTORY).cause;
}

describe('the cause', () => {
  it.each<[string, Session[], string]>([
    [
      'idle sessions of one consumer',
      [...many(80, 1, (id) => aSession(id, { application: 'leaky' })), ...many(20, 101, (id) => active(id))],
      'connection-leak',
    ],
    [
      'open transactions',
      [...many(60, 1, (id) => inTransaction(id)), ...many(40, 101, (id) => active(id))],
      'idle-in-transaction',
    ],
    ['waiters behind one blocker', [inTransaction(1), ...many(99, 2, (id) => waiter(id, [1]))], 'lock-contention'],
    [
      'queries past the maximum age',
      [...many(70, 1, (id) => active(id, { queryMs: 700_000 })), ...many(30, 101, (id) => active(id))],
      'long-queries',
    ],
    ['busy short work', many(100, 1, (id) => active(id)), 'limit-too-low'],
    [
      'dumps and migrations',
      [
        ...many(50, 1, (id) => active(id, { application: 'pg_dump' })),
        ...many(50, 101, (id) => aSession(id, { application: 'flyway' })),
      ],
      'job-holding-on',
    ],
    [
      'sessions that have just connected',
      many(100, 1, (id) => aSession(id, { connectedMs: 2_000, stateMs: 1_000 })),
      'connection-storm',
    ],
    [
      'idle sessions, none for long',
      many(100, 1, (id) => aSession(id, { stateMs: 20_000, client: `10.0.0.${id % 8}` })),
      'pool-oversubscription',
    ],
  ])('of %s is found', (_, sessions, expected) => {
    expect(causeOf(sessions).name).toBe(expected);
  });

  it.each(['nightly-etl', 'BatchRunner', 'orders_import2', 'cron'])(
    'of a job is found by a word of its name: %s',
    (name) => {
      expect(causeOf(many(100, 1, (id) => active(id, { application: name }))).name).toBe('job-holding-on');
    },
  );

  it.each(['netlify-functions', 'jobcentre', 'important', 'macron'])(
    'is no job because of a part of a word: %s',
    (name) => {
      expect(causeOf(many(100, 1, (id) => active(id, { application: name }))).name).toBe('limit-too-low');
    },
  );

  it('is half-open connections when slots are taken without sessions', () => {
    const cause = causeOf(
      many(20, 1, (id) => active(id)),
      { halfOpen: { count: 80, inferred: true } },
    );
    expect(cause).toMatchObject({ name: 'half-open-connections' });
    expect(cause.evidence.join()).toContain('inferred');
  });

  it.each([
    [3_000, 'connection-storm'],
    [8_000, 'half-open-connections'],
  ])(
    'tells logins that take long on a busy server from connections that never log in: after %d ms it is %s',
    (connectedMs, name) => {
      const anonymous = { user: null, application: '', state: 'starting', stateMs: null, queryMs: null } as const;
      const loggingIn = many(80, 1, (id) => aSession(id, { ...anonymous, connectedMs }));
      const inside = many(20, 101, (id) => active(id, { connectedMs: 2_000 }));
      const halfOpen = { count: 80, inferred: false };
      expect(causeOf([...loggingIn, ...inside], { halfOpen })).toMatchObject({ name });
    },
  );

  it('is a limit of the consumer’s own where the server has room, and never where it has none', () => {
    const limited = { atLimit: [{ of: 'user', name: 'shop', limit: 40 }] } as const;
    const idle = many(40, 1, (id) => aSession(id, { user: 'shop', application: 'leaky' }));
    const cause = causeOf([...idle, ...many(10, 101, (id) => active(id, { user: 'other' }))], limited);
    expect(cause.name).toBe('consumer-limit');
    expect(cause.evidence).toContain('the user shop has all 40 connections that its own limit allows');
    const full = causeOf([...idle, ...many(60, 101, (id) => active(id, { user: 'other' }))], limited);
    expect(full.name).not.toBe('consumer-limit');
    expect(full.evidence.join()).toContain('the user shop has all 40');
  });

  it('is never a limit that Headroom itself has set', () => {
    const atLimit = [{ of: 'user', name: 'shop', limit: 40 }] as const;
    const idle = many(40, 1, (id) => aSession(id, { user: 'shop', application: 'leaky' }));
    const limit = { targetId: 'orders', user: 'shop', account: '"shop"', incidentId: 'i', limit: 40, before: null };
    const limits = [{ ...limit, at: 0, setBy: 0, isSet: true, toldAt: null }];
    const settings = { policy: aPolicy(), mode: 'act' as const };
    const { cause } = diagnoseSnapshot(aSnapshot(100, idle, { atLimit }), settings, { ...NO_HISTORY, limits });
    expect(cause.name).not.toBe('consumer-limit');
    expect(cause.evidence.join()).not.toContain('its own limit');
  });

  it('is no storm when a rehearsal calls its young sessions long idle', () => {
    const sessions = many(100, 1, (id) => aSession(id, { connectedMs: 4_000, stateMs: 4_000 }));
    const policy = aPolicy();
    const rehearsed = { ...policy, ages: { ...policy.ages, idleSeconds: 3 } };
    const { cause } = diagnoseSnapshot(aSnapshot(100, sessions), { policy: rehearsed, mode: 'act' }, NO_HISTORY);
    expect(cause.name).toBe('connection-leak');
  });

  it('is unclear when nothing explains a quarter of the slots', () => {
    const sessions = [
      ...many(20, 1, (id) => aSession(id, { application: 'a' })),
      ...many(20, 101, (id) => inTransaction(id)),
      ...many(20, 201, (id) => active(id, { queryMs: 700_000 })),
      ...many(20, 301, (id) => active(id)),
      ...many(20, 401, (id) => aSession(id, { stateMs: 1_000 })),
    ];
    expect(causeOf(sessions).name).toBe('unclear');
  });

  it('carries evidence with numbers and who holds most', () => {
    const { evidence } = causeOf([
      ...many(80, 1, (id) => aSession(id, { application: 'leaky-7' })),
      ...many(20, 101, (id) => active(id)),
    ]);
    expect(evidence).toEqual([
      'app/leaky-# has 80 sessions idle for 10 min',
      '100% of the long-idle sessions of app/leaky-# were used once, when they were opened, and never since',
      '100 of 100 usable slots are taken',
      'app/leaky-# holds 80, and without it there is no relief; app/web holds 20, as usual (less sure: by who came last, as there is no history yet)',
      'an ordinary client is refused (full)',
      'largest shares: user app 100%, application leaky-7 80%, client 10.0.0.1 100%, database shop 100%',
      'connected for: under 30 min (100)',
      'idle for: under 30 min (80)',
      'running a query for: under 10 s (20)',
      'unknown, which makes the cause less sure: how usage grew, how fast clients reconnect',
    ]);
  });

  it('is less sure for each thing that is not known, and otherwise the same', () => {
    const policy = aPolicy();
    for (const [kind, model] of MODELS.entries()) {
      const { snapshot, context } = generateIncident(model, kind);
      const { facts } = diagnoseSnapshot(snapshot, { policy, mode: 'act' }, NO_HISTORY, { context });
      const known = weighCauses({ ...facts, unknown: [] }, policy);
      const unknown = weighCauses({ ...facts, unknown: ['this', 'that'] }, policy);
      const causes = (all: typeof known) => all.filter(({ name }) => name !== 'unclear');
      expect(causes(unknown).map(({ name }) => name)).toEqual(causes(known).map(({ name }) => name));
      for (const [rank, cause] of causes(unknown).entries())
        expect(cause.probability).toBeLessThan(causes(known)[rank]?.probability ?? 0);
    }
  });

  it('takes nothing for or against any cause from samples that are not there', () => {
    const sessions = many(100, 1, (id) => aSession(id, { connectedMs: null }));
    const { facts } = diagnoseSnapshot(aSnapshot(100, sessions), { policy: aPolicy(), mode: 'act' }, NO_HISTORY);
    const needsMore = ['clients stay connected'];
    const needing = weighCauses(facts, aPolicy())
      .flatMap(({ signals }) => signals)
      .filter(({ of }) => needsMore.includes(of) || /reconnect|(?:were|been) used|configured pools/.test(of));
    expect(needing.length).toBeGreaterThanOrEqual(5);
    for (const signal of needing) expect(signal).toMatchObject({ weight: 0, words: '' });
  });

  describe('after sessions were ended', () => {
    const ACT_AT = -10_000;
    const clinging = (id: number, connectedMs: number) =>
      aSession(id, { application: 'clingy', connectedMs, stateMs: connectedMs - 50 });
    const others = many(20, 201, (id) => active(id));
    const look = (sessions: readonly Session[], usual = NO_USUAL) => {
      const snapshot = aSnapshot(100, [...sessions, ...others]);
      const [lost] = sessions;
      const ended = new Map([[consumerOf(lost ?? aSession(0)), endedAt(snapshot.at + ACT_AT, 30)]]);
      return diagnoseSnapshot(snapshot, { policy: aPolicy(), mode: 'act' }, { ...NO_HISTORY, usual, ended });
    };

    it('is a storm, no leak, when as many have come in their place at once', () => {
      const before = many(50, 1, (id) => clinging(id, 600_000));
      expect(causeOf([...before, ...many(30, 101, (id) => clinging(id, 600_000)), ...others]).name).toBe(
        'connection-leak',
      );
      const { cause, plan } = look([...before, ...many(30, 101, (id) => clinging(id, 9_000))]);
      expect(cause.name).toBe('connection-storm');
      expect(cause.evidence).toContain('consumers have replaced 30 of 30 sessions that were ended');
      expect(plan.tiers.every(({ victims }) => victims.length === 0)).toBe(true);
    });

    it('stays a leak when they have not', () => {
      const { cause } = look(many(60, 1, (id) => clinging(id, 600_000)));
      expect(cause.name).toBe('connection-leak');
      expect(cause.evidence).toContain('consumers have replaced 0 of 30 sessions that were ended');
    });

    const pool = { idle: 80, open: 0, busy: 0, low: 80, all: 80, long: 80, used: 10 };

    it('is still pools that are too large when those that come back are used again and again', () => {
      const pooled = (id: number, changed: Partial<Session>) =>
        aSession(id, { application: 'clingy', client: `10.0.0.${id % 8}`, ...changed });
      const { cause } = look(
        [
          ...many(50, 1, (id) => pooled(id, { connectedMs: 7_200_000, stateMs: 12_000 * id })),
          ...many(30, 101, (id) => pooled(id, { connectedMs: 9_000, stateMs: 4_000 })),
        ],
        { ...NO_USUAL, basis: 'profile', consumers: { 'app/clingy': pool, 'app/web': { ...pool, busy: 20 } } },
      );
      expect(cause.name).toBe('pool-oversubscription');
    });
  });

  it('has probabilities that are 1 together and follow from the weights', () => {
    const { facts } = diagnoseSnapshot(
      aSnapshot(
        100,
        many(100, 1, (id) => active(id)),
      ),
      { policy: aPolicy(), mode: 'act' },
      NO_HISTORY,
    );
    const weighed = weighCauses(facts, aPolicy());
    expect(weighed.map(({ name }) => name).sort()).toEqual(Object.keys(CAUSES).sort());
    expect(weighed.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1);
    const [first, second] = weighed;
    expect((first?.probability ?? 0) / (second?.probability ?? 1)).toBeCloseTo(
      Math.exp((first?.score ?? 0) - (second?.score ?? 0)),
    );
  });

  it('keeps hostile names from breaking lines', () => {
    const { evidence } = causeOf(many(100, 1, (id) => aSession(id, { application: 'x\nroot: all clear\u0007\u202e' })));
    expect(evidence.join(' ')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('puts the tier that deals with it first and the others by harm', () => {
    expect(tierOrderFor('lock-contention')).toEqual([
      'break-locks',
      'kill-idle',
      'end-idle-transactions',
      'cancel-long',
      'cap-consumer',
    ]);
    expect(tierOrderFor('unclear')).toEqual([
      'kill-idle',
      'end-idle-transactions',
      'break-locks',
      'cancel-long',
      'cap-consumer',
    ]);
    for (const cause of Object.values(CAUSES)) expect(cause.words).not.toBe('');
  });
});
