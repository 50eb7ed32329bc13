import { NO_HISTORY, type History } from '../../functions/core/plan/tier-plan.ts';
import { policy, type Policy } from '../../functions/core/policy/policy.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { ARRIVED_MS, countSessions } from '../../functions/core/server/consumer-count.ts';
import type { Ended } from '../../functions/core/server/returns.ts';
import type { Session } from '../../functions/core/server/session.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { NO_USUAL } from '../../functions/core/usual/usual.ts';

/** Nothing was there before the incident, so every session is suspect. */
export const NEW_TO_ALL: History = { ...NO_HISTORY, usual: { ...NO_USUAL, basis: 'profile' } };

const SERVER = '2026-01-01 00:00:00.000000+00';

/** An ordinary idle client session, used once when it connected ten minutes ago, changed by what the test says. */
export function aSession(id: number, changed: Partial<Session> = {}): Session {
  return {
    identity: { server: SERVER, id, incarnation: `born-${id}` },
    kind: 'client',
    own: false,
    superuser: false,
    administrator: false,
    user: 'app',
    application: 'web',
    doubts: [],
    tool: null,
    database: 'shop',
    client: '10.0.0.1',
    state: 'idle',
    connectedMs: 601_000,
    transactionMs: null,
    stateMs: 600_000,
    queryMs: 600_000,
    transactionMark: null,
    queryMark: `q-${id}`,
    wait: null,
    lockWaitMs: null,
    blockedBy: [],
    holds: [],
    hasWritten: false,
    rowsModified: null,
    statement: { verb: 'SELECT', text: 'SELECT ?', isOptedOut: false },
    ...changed,
  };
}

export function inTransaction(id: number, changed: Partial<Session> = {}): Session {
  return aSession(id, { state: 'idle-in-transaction', transactionMs: 600_000, transactionMark: `t-${id}`, ...changed });
}

export function active(id: number, changed: Partial<Session> = {}): Session {
  return aSession(id, {
    state: 'active',
    stateMs: 1_000,
    queryMs: 1_000,
    transactionMs: 1_000,
    transactionMark: `t-${id}`,
    ...changed,
  });
}

export function waiter(id: number, blockedBy: readonly number[], changed: Partial<Session> = {}): Session {
  return active(id, {
    blockedBy,
    lockWaitMs: 60_000,
    queryMs: 60_000,
    wait: { type: 'Lock', event: 'transactionid' },
    ...changed,
  });
}

/** A snapshot of these sessions on a server with so many usable slots; the canary is refused when all are taken. */
export function aSnapshot(usable: number, sessions: readonly Session[], changed: Partial<Snapshot> = {}): Snapshot {
  const used = sessions.filter((session) => session.kind === 'client').length;
  return {
    at: 0,
    server: { engine: 'postgres', version: '18.4', major: 18, tested: true, identity: SERVER, readOnly: false },
    limits: { maxConnections: usable + 3, reserves: [{ name: 'superuser_reserved_connections', slots: 3 }], usable },
    used,
    ownSlots: 0,
    responderSessions: 1,
    strangers: { responder: 0, canary: 0 },
    byState: {},
    canary:
      used < usable
        ? { result: 'admitted', tookMs: 5 }
        : { result: 'refused', refusal: { kind: 'full', code: '53300', message: 'sorry, too many clients already' } },
    halfOpen: { count: 0, inferred: false },
    activity: {
      longestQueryMs: null,
      longestTransactionMs: null,
      longQueries: 0,
      blocked: 0,
      sessionsOpened: null,
      loginsRefused: null,
    },
    consumers: countSessions(sessions, ({ connectedMs }) => (connectedMs === null ? null : connectedMs < ARRIVED_MS)),
    othersActing: false,
    lockTakenBy: null,
    visibility: { seesSessions: true, maySignal: true, seesBlockers: true, missing: [] },
    sessions,
    userLimits: { missing: [], users: [] },
    atLimit: [],
    deadlocks: 0,
    latestDeadlock: null,
    preparedTransactions: [],
    ...changed,
  };
}

/** The default policy, but with the same ages for suspects as for others: most tests are about the ordinary ages. */
export function aPolicy(changed: Partial<Policy> = {}): Policy {
  const made = policy.parse({});
  const { idleSeconds, idleInTransactionSeconds, querySeconds } = made.ages;
  const ages = {
    ...made.ages,
    suspectIdleSeconds: idleSeconds,
    suspectIdleInTransactionSeconds: idleInTransactionSeconds,
    suspectQuerySeconds: querySeconds,
  };
  return { ...made, ages, ...changed };
}

export function aTarget(changed: Partial<TargetSettings> = {}): TargetSettings {
  return {
    id: 'orders',
    engine: 'postgres',
    instance: 'orders-prod',
    endpoint: 'orders.example:5432',
    worker: 'headroom-worker-orders',
    alarms: ['headroom-orders-connections-high'],
    mode: 'act',
    isRds: false,
    pools: [],
    policy: aPolicy(),
    ...changed,
  };
}

/** `count` things made from consecutive ids. */
/** So many sessions of a consumer, ended by one act. */
export function endedAt(at: number, sessions: number): Ended {
  return { at: Array.from({ length: sessions }, () => at), openedAt: [] };
}

export function many<T>(count: number, firstId: number, make: (id: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(firstId + index));
}
