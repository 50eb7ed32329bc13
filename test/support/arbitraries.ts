import fc from 'fast-check';
import { policy, type Policy } from '../../functions/core/policy/policy.ts';
import { TIER_NAMES } from '../../functions/core/policy/tier-names.ts';
import { HOLDINGS, type Session } from '../../functions/core/server/session.ts';
import type { Snapshot, UserLimits } from '../../functions/core/server/snapshot.ts';
import { aSession, aSnapshot } from './a-session.ts';

const hostile = fc.oneof(
  fc.constantFrom(
    'app',
    'reports',
    'web-1',
    'web-2',
    '',
    'pg_dump',
    'flyway',
    'o\u2019hara"; DROP',
    'a\nb\u0000c\u202e',
  ),
  fc.string({ maxLength: 12 }),
);
const age = fc.option(fc.integer({ min: 0, max: 2_000_000 }), { nil: null });
/** Most sessions near the ages that decide. */
const stateAge = fc.oneof(age, fc.constantFrom(59_999, 60_000, 299_999, 300_000, 600_000, 1_200_000));

const session = (id: number, ids: number): fc.Arbitrary<Session> =>
  fc
    .record({
      kind: fc.constantFrom(
        'client' as const,
        'client' as const,
        'client' as const,
        'client' as const,
        'replication' as const,
        'system' as const,
      ),
      own: fc.boolean().map((own) => own && id % 7 === 0),
      superuser: fc.boolean().map((superuser) => superuser && id % 5 === 0),
      administrator: fc.constantFrom(false, false, false, false, false, false, true, null),
      user: fc.oneof(hostile, fc.constantFrom('rdsadmin', 'guarded', null)),
      application: hostile,
      doubts: fc.constantFrom([], [], [], [], ['user' as const], ['application' as const], ['user-name' as const]),
      tool: fc.constantFrom(null, null, null, null, null, 'backup' as const, 'migration' as const),
      database: fc.constantFrom('shop', 'ledger', null),
      client: fc.constantFrom('10.0.0.1', '10.9.0.1', null),
      state: fc.constantFrom(
        'active' as const,
        'idle' as const,
        'idle' as const,
        'idle-in-transaction' as const,
        'idle-in-transaction-aborted' as const,
        'starting' as const,
        'rolling-back' as const,
        'unseen' as const,
        'other' as const,
      ),
      connectedMs: age,
      transactionMs: stateAge,
      stateMs: stateAge,
      queryMs: stateAge,
      queryMark: fc.constantFrom(`q-${id}`, null),
      transactionMark: fc.constantFrom(`t-${id}`, null),
      lockWaitMs: fc.constantFrom(null, null, null, 60_000),
      blockedBy: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(fc.integer({ min: -1, max: ids }), { minLength: 1, maxLength: 3 }) },
      ),
      holds: fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.constantFrom(...HOLDINGS).map((holding) => [holding]) },
      ),
      hasWritten: fc.boolean(),
      rowsModified: fc.constantFrom(null, null, 0, 500, 10_000, 10_001, 2_000_000),
      statement: fc.constantFrom(
        null,
        { verb: 'SELECT', text: null, isOptedOut: false },
        { verb: 'VACUUM', text: null, isOptedOut: false },
        { verb: 'SELECT', text: null, isOptedOut: true },
        { verb: 'UPDATE', text: null, isOptedOut: false },
      ),
    })
    .map((changed) => aSession(id, changed));

/** Which users may be limited; the server's own list may be wrong about any of them. */
const userLimits: fc.Arbitrary<UserLimits> = fc.record({
  missing: fc.constantFrom<string[][]>([], [], [], ['create it']),
  users: fc.uniqueArray(
    fc.record({
      user: fc.constantFrom('app', 'app', 'reports', 'web-1', 'guarded', 'rdsadmin', ''),
      account: fc.constant('"app"'),
      limit: fc.option(fc.integer({ min: 1, max: 60 })),
      countsEarlier: fc.boolean(),
      refusal: fc.constantFrom(null, null, null, 'it is a superuser'),
    }),
    { selector: ({ user }) => user, maxLength: 6 },
  ),
});

/** Snapshots of up to 60 sessions in every state, with lock queues, cycles and prepared transactions. */
export const snapshots: fc.Arbitrary<Snapshot> = fc.integer({ min: 0, max: 60 }).chain((count) =>
  fc
    .record({
      sessions: fc.tuple(...Array.from({ length: count }, (_, index) => session(index + 1, count))),
      usable: fc.integer({ min: 1, max: 80 }),
      full: fc.boolean(),
      halfOpen: fc.constantFrom(0, 0, 5),
      userLimits,
    })
    .map(({ sessions, usable, full, halfOpen, userLimits }) =>
      aSnapshot(usable, sessions, {
        userLimits,
        halfOpen: { count: halfOpen, inferred: halfOpen > 0 },
        ...(full && { canary: { result: 'refused', refusal: { kind: 'full', code: '53300', message: '' } } }),
      }),
    ),
);

/** Full servers where most sessions are new ones of one user. The rest are of any kind, some of the same user. */
export const storms: fc.Arbitrary<Snapshot> = fc
  .record({
    snapshot: snapshots.filter(({ sessions }) => sessions.length > 20),
    user: fc.constantFrom('app', 'app', 'app', 'reports', 'guarded', 'rdsadmin', ''),
    spoilers: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ snapshot, user, spoilers }) => {
    const sessions = snapshot.sessions.map((session, index) => {
      if (index % 10 === 0) return index / 10 < spoilers ? { ...session, user } : session;
      return aSession(session.identity.id, { user, application: 'api-1', connectedMs: 1_000, stateMs: 2_000 });
    });
    const usable = Math.ceil(0.9 * sessions.length);
    return aSnapshot(usable, sessions, { userLimits: snapshot.userLimits });
  });

export const policies: fc.Arbitrary<Policy> = fc
  .record({
    reliefPercent: fc.integer({ min: 10, max: 80 }),
    perTier: fc.integer({ min: 1, max: 100 }),
    perIncident: fc.integer({ min: 1, max: 100 }),
    minimumPerPool: fc.integer({ min: 0, max: 4 }),
    applications: fc.constantFrom<string[][]>([], ['nightly*']),
    tiers: fc.record(
      Object.fromEntries(TIER_NAMES.map((name) => [name, fc.constantFrom('act' as const, 'observe' as const)])),
      { requiredKeys: [] },
    ),
  })
  .map((made) =>
    policy.parse({
      reliefPercent: made.reliefPercent,
      caps: { perTierPercent: made.perTier, perIncidentPercent: made.perIncident },
      minimumPerPool: made.minimumPerPool,
      tiers: made.tiers,
      protect: { users: ['guarded'], applications: made.applications, clients: ['10.9.*'] },
    }),
  );
