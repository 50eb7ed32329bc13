import type { Session } from './session.ts';
import type { Statement } from './statement.ts';

export const ENGINE_NAMES = ['postgres', 'mysql', 'mariadb'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const DEFAULT_PORTS = { postgres: 5432, mysql: 3306, mariadb: 3306 } as const satisfies Record<
  EngineName,
  number
>;

/**
 * Why a login did not get in.
 * `full`: every slot taken. `consumer-full`: a limit of the role, user or database is reached while the server is not full.
 * `busy-elsewhere`: another executor holds the server-side lock. `too-late`: the request's deadline had passed.
 */
export type RefusalKind =
  | 'full'
  | 'consumer-full'
  | 'authentication'
  | 'missing-database'
  | 'tls'
  | 'network'
  | 'starting'
  | 'wrong-server'
  | 'busy-elsewhere'
  | 'too-late'
  | 'other';

export interface Refusal {
  readonly kind: RefusalKind;
  /** SQLSTATE, errno name or driver code; empty when there is none. */
  readonly code: string;
  /** The server's or driver's own words, without secrets. */
  readonly message: string;
}

/** How the worker got in. `warm`: the session of an earlier invocation still answered. */
export interface Admission {
  readonly way: 'warm' | 'first-try' | 'retry';
  /** The login may use reserved slots. */
  readonly reserved: boolean;
  readonly attempts: number;
  /** Of these, tries that were refused as full. */
  readonly refusedAsFull: number;
  readonly waitedMs: number;
}

/** Whether an ordinary client gets in. `unknown`: no canary login is configured, so nobody can tell. */
export type Canary =
  | { readonly result: 'admitted'; readonly tookMs: number }
  | { readonly result: 'refused'; readonly refusal: Refusal }
  | { readonly result: 'unknown' };

export interface Server {
  readonly engine: EngineName;
  readonly version: string;
  readonly major: number;
  /** False on a major version the contract suite has not passed on: then nothing is ended. */
  readonly tested: boolean;
  /** Equal to `identity.server` of every session in the snapshot. */
  readonly identity: string;
  /** A standby or reader: only tiers that end sessions run. */
  readonly readOnly: boolean;
}

export interface Limits {
  readonly maxConnections: number;
  /** Slots ordinary clients never get, by the setting that reserves them. */
  readonly reserves: readonly { readonly name: string; readonly slots: number }[];
  /** maxConnections less every reserve. */
  readonly usable: number;
}

/** What the responder may see and do. It never acts unless both are true. */
export interface Visibility {
  readonly seesSessions: boolean;
  readonly maySignal: boolean;
  /** False where waits for row locks show but not who is ahead (MySQL without performance_schema): then no locks are broken. */
  readonly seesBlockers: boolean;
  /** The grants that are missing, as an administrator would write them. */
  readonly missing: readonly string[];
}

/** What can be done about the number of connections that single users may have. */
export interface UserLimits {
  /** Why nothing can be done, and what to create for it, as an administrator would write it; empty when something can. */
  readonly missing: readonly string[];
  /** The users that an administrator lets Headroom limit. */
  readonly users: readonly UserLimit[];
}

export interface UserLimit {
  readonly user: string;
  /** As an administrator's statement names it, in printable characters as far as the server allows. */
  readonly account: string;
  /** How many connections it may have; null when there is no limit of its own. */
  readonly limit: number | null;
  /** Sessions that are there count against a limit that is set now. MySQL and MariaDB count only later ones where none was. */
  readonly countsEarlier: boolean;
  /** Why the server would refuse to change it all the same, and what would help; null when it would not. */
  readonly refusal: string | null;
}

/** A quick look: are there slots, and does an ordinary client get one. */
export interface Sample {
  /** Epoch milliseconds by the worker's clock. */
  readonly at: number;
  readonly server: Server;
  readonly limits: Limits;
  /** Slots taken, by the server's own account. */
  readonly used: number;
  /** How many of them the look itself takes: the worker's one session. */
  readonly ownSlots: number;
  /** Sessions of the responder's login, the one that looks included. More of them for long: one was left behind. */
  readonly responderSessions: number;
  readonly byState: Readonly<Record<string, number>>;
  readonly canary: Canary;
  /** Connections that hold a slot without a session. `inferred`: not countable in SQL on this server, only concluded. */
  readonly halfOpen: { readonly count: number; readonly inferred: boolean };
  readonly activity: Activity;
}

/** What the client sessions are at, in a few numbers. Ages in milliseconds, null when no such session exists. */
export interface Activity {
  readonly longestQueryMs: number | null;
  readonly longestTransactionMs: number | null;
  /** Queries that have run for LONG_QUERY_MS or longer. */
  readonly longQueries: number;
  /** Sessions that wait for a lock. */
  readonly blocked: number;
  /** The server's counter of sessions ever opened: its growth is the reconnect rate. Null where there is none. */
  readonly sessionsOpened: number | null;
  /** Its counter of logins ever refused for want of a slot. Null where there is none (PostgreSQL), or not of all (MariaDB). */
  readonly loginsRefused: number | null;
}

/** The runbooks' line between a query and a long query. */
export const LONG_QUERY_MS = 300_000;

/** A user or database that has all the connections its own limit allows: its next client is refused, room or not. */
export interface ConsumerAtLimit {
  readonly of: 'user' | 'database';
  readonly name: string;
  readonly limit: number;
}

export interface Snapshot extends Sample {
  readonly visibility: Visibility;
  /** Another executor holds the server-side lock: it may be ending sessions at this very moment. */
  readonly othersActing: boolean;
  readonly sessions: readonly Session[];
  readonly userLimits: UserLimits;
  readonly atLimit: readonly ConsumerAtLimit[];
  /** Deadlocks the server has counted since its statistics were reset. */
  readonly deadlocks: number;
  /** The last one the server tells of, with its statements as far as they may be told; null when it tells of none. */
  readonly latestDeadlock: { readonly agoMs: number; readonly statements: readonly Statement[] } | null;
  /** Prepared transactions; they can block and belong to no session. */
  readonly preparedTransactions: readonly {
    readonly owner: string;
    readonly database: string;
    readonly ageMs: number;
  }[];
}

/**
 * Slots that clients take. The session that looks is left out: it goes when Headroom does, and no client can be ended in its
 * place. Connections without a session are added where the server's own account cannot contain them.
 */
export function slotsTaken(sample: Pick<Sample, 'used' | 'ownSlots' | 'halfOpen'>): number {
  return sample.used - sample.ownSlots + (sample.halfOpen.inferred ? sample.halfOpen.count : 0);
}

/** Taken over usable slots, in percent. Above 100 when reserves are in use too. */
export function usagePercent(sample: Pick<Sample, 'used' | 'ownSlots' | 'halfOpen' | 'limits'>): number {
  return (100 * slotsTaken(sample)) / Math.max(1, sample.limits.usable);
}

/** The same numbers from sessions in full: those of clients, our own left out. */
export function activityOf(
  sessions: readonly Session[],
  counters: Pick<Activity, 'sessionsOpened' | 'loginsRefused'>,
): Activity {
  let longestQueryMs: number | null = null;
  let longestTransactionMs: number | null = null;
  let longQueries = 0;
  let blocked = 0;
  for (const { kind, own, state, queryMs, transactionMs, blockedBy } of sessions) {
    if (kind !== 'client' || own) continue;
    if (transactionMs !== null) longestTransactionMs = Math.max(longestTransactionMs ?? 0, transactionMs);
    if (blockedBy.length > 0) blocked++;
    if (state !== 'active' || queryMs === null) continue;
    longestQueryMs = Math.max(longestQueryMs ?? 0, queryMs);
    if (queryMs >= LONG_QUERY_MS) longQueries++;
  }
  return { longestQueryMs, longestTransactionMs, longQueries, blocked, ...counters };
}

/** Ordinary clients are turned away because there is no slot for them. */
export function isRefusedAsFull(canary: Canary): boolean {
  return canary.result === 'refused' && canary.refusal.kind === 'full';
}
