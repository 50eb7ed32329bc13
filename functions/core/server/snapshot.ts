import type { Consumers } from './consumer-count.ts';
import type { Session } from './session.ts';
import type { Statement } from './statement.ts';

export const ENGINE_NAMES = ['postgres', 'mysql', 'mariadb'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const DEFAULT_PORTS = { postgres: 5432, mysql: 3306, mariadb: 3306 } as const satisfies Record<
  EngineName,
  number
>;

/**
 * Why a login failed. `full`: every slot is taken. `consumer-full`: the limit of a role, user or database is reached;
 * the server is not full. `out-of-resources`: slots or not, it has no thread, process or memory for another session.
 * `host-blocked`: it lets nobody in from the worker's address. `silent`: something takes connections and does not
 * answer. `iam-refused`: a token of IAM authentication was not accepted. `wrong-server`: another server, a pooler, or
 * something else answers. `busy-elsewhere`: another session holds the server-side lock. `too-late`: the request's
 * deadline had passed. `unfit-login`: the login proves nothing, as others use it too or it may use reserved slots.
 */
export type RefusalKind =
  | 'full'
  | 'consumer-full'
  | 'out-of-resources'
  | 'host-blocked'
  | 'authentication'
  | 'iam-refused'
  | 'missing-database'
  | 'tls'
  | 'network'
  | 'silent'
  | 'starting'
  | 'wrong-server'
  | 'unfit-login'
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
  /** How many of these attempts were refused as full. */
  readonly refusedAsFull: number;
  readonly waitedMs: number;
}

/** Whether an ordinary client gets in. `unknown`: no canary login is configured. */
export type Canary =
  | { readonly result: 'admitted'; readonly tookMs: number }
  | { readonly result: 'refused'; readonly refusal: Refusal }
  | { readonly result: 'unknown' };

export interface Server {
  readonly engine: EngineName;
  readonly version: string;
  readonly major: number;
  /** False on a major version that the contract suite does not run on: then Headroom ends nothing. */
  readonly tested: boolean;
  /** Equal to `identity.server` of every session in the snapshot. */
  readonly identity: string;
  /** A standby or reader: only tiers that end sessions run. */
  readonly readOnly: boolean;
}

export interface Limits {
  readonly maxConnections: number;
  /** Slots that ordinary clients never get, by the setting that reserves them. */
  readonly reserves: readonly { readonly name: string; readonly slots: number }[];
  /** maxConnections less every reserve. */
  readonly usable: number;
}

/** What the responder may see and do. Headroom acts only when `seesSessions` and `maySignal` are both true. */
export interface Visibility {
  readonly seesSessions: boolean;
  readonly maySignal: boolean;
  /** False where lock waits show but their blockers do not (MySQL without performance_schema): no lock is broken. */
  readonly seesBlockers: boolean;
  /** What would make the server show blockers that it does not show now; left out when nothing would. */
  readonly toShowBlockers?: string;
  /** The missing grants, as an administrator would write them. */
  readonly missing: readonly string[];
}

/** Which users Headroom can limit, and what is missing for it. */
export interface UserLimits {
  /** Why Headroom can limit no user, and the statements that would change that; empty when it can. */
  readonly missing: readonly string[];
  /** The users that an administrator lets Headroom limit. */
  readonly users: readonly UserLimit[];
}

export interface UserLimit {
  readonly user: string;
  /** As an administrator's statement names it, in printable characters as far as the server allows. */
  readonly account: string;
  /** How many connections it may have; null when it has no limit of its own. */
  readonly limit: number | null;
  /** A new limit counts existing sessions. MySQL and MariaDB count only later ones if there was no limit before. */
  readonly countsEarlier: boolean;
  /** Why the server would still refuse to change it, and what would help; null when it would not refuse. */
  readonly refusal: string | null;
}

/** The counts of one moment: are there free slots, and does an ordinary client get one? */
export interface Sample {
  /** Epoch milliseconds by the worker's clock. */
  readonly at: number;
  readonly server: Server;
  readonly limits: Limits;
  /** Slots taken, as the server counts them. */
  readonly used: number;
  /** How many of them the worker itself takes: its one session. */
  readonly ownSlots: number;
  /** Headroom's own sessions of the responder's login, the worker's included. More than one for long: one was left. */
  readonly responderSessions: number;
  /** Sessions of Headroom's logins that Headroom did not open: each login should be nobody else's. */
  readonly strangers: { readonly responder: number; readonly canary: number };
  readonly byState: Readonly<Record<string, number>>;
  readonly canary: Canary;
  /** Connections that hold a slot without a session. `inferred`: concluded, as SQL cannot count them on this server. */
  readonly halfOpen: { readonly count: number; readonly inferred: boolean };
  readonly activity: Activity;
  /** Who holds the slots: sessions of clients, without our own. */
  readonly consumers: Consumers;
}

/** What the client sessions are doing, in a few numbers. Ages are in milliseconds, null without such a session. */
export interface Activity {
  readonly longestQueryMs: number | null;
  readonly longestTransactionMs: number | null;
  /** Queries that have run for LONG_QUERY_MS or longer. */
  readonly longQueries: number;
  /** Sessions that wait for a lock. */
  readonly blocked: number;
  /** The server's counter of all sessions ever opened: its growth is the reconnect rate. Null where there is none. */
  readonly sessionsOpened: number | null;
  /**
   * Its counter of all logins refused for lack of a slot. Null without one (PostgreSQL) or if it misses some (MariaDB).
   */
  readonly loginsRefused: number | null;
  /**
   * Since when the server has counted, as it says: another value after a reset (FLUSH STATUS, pg_stat_reset) or restart.
   * Counts of different values are never compared. Null when it does not say; left out by earlier versions.
   */
  readonly countedSince?: string | null;
}

/** From this age on, a query is a long one, by the runbooks. */
export const LONG_QUERY_MS = 300_000;

/** A user or database at its own limit: its next client is refused even while the server has free slots. */
export interface ConsumerAtLimit {
  readonly of: 'user' | 'database';
  readonly name: string;
  readonly limit: number;
}

/** What a look reads beside sessions and slots, in words that follow "could not be read". It can do without each. */
export const DETAILS = {
  administrators: 'which users are administrators',
  owners: 'whose sessions those at work are',
  tracking: 'what performance_schema keeps of sessions',
  applications: 'the applications of sessions',
  statements: 'the last statements of sessions',
  transactions: 'what sessions have open',
  locks: 'the locks that sessions hold',
  blockers: 'who waits for whom',
  replicators: 'which users may replicate',
  prepared: 'prepared transactions',
  executors: 'whether another executor is at work',
  'consumer-limits': 'the limits of single users and databases',
  counters: 'the server’s counters',
  deadlock: 'the latest deadlock',
} as const;
export type DetailName = keyof typeof DETAILS;

/** A detail that the server answered with an error. Whatever it would have told is unknown, and so is whom it spares. */
export interface MissingDetail {
  readonly detail: DetailName;
  /** The server's own words. */
  readonly why: string;
}

export interface Snapshot extends Sample {
  readonly visibility: Visibility;
  /** Left out when every detail was read. */
  readonly missing?: readonly MissingDetail[];
  /**
   * Another executor holds the server-side lock and may be ending sessions right now: a session that logs in as the
   * responder.
   */
  readonly othersActing: boolean;
  /**
   * Id of a session that holds the server-side lock under another login, or PREPARED_TRANSACTION; null when there is
   * none.
   */
  readonly lockTakenBy: number | null;
  readonly sessions: readonly Session[];
  readonly userLimits: UserLimits;
  readonly atLimit: readonly ConsumerAtLimit[];
  /** Deadlocks the server has counted since its statistics were reset. */
  readonly deadlocks: number;
  /** The last one that the server shows, with what may leave the worker of its statements; null when it shows none. */
  readonly latestDeadlock: { readonly agoMs: number; readonly statements: readonly Statement[] } | null;
  /** Prepared transactions: they can block others and belong to no session. */
  readonly preparedTransactions: readonly PreparedTransaction[];
  /** What had to be left out so that the worker's answer is short enough; absent when nothing was. */
  readonly leftOut?: LeftOut;
}

/** Of how many sessions a text was cut or left out. */
export interface LeftOut {
  readonly statements: number;
  readonly applications: number;
}

/** A transaction that waits for its second phase, as far as the server shows it. */
export interface PreparedTransaction {
  /** As ROLLBACK PREPARED (PostgreSQL) or XA ROLLBACK takes it, in quotes; null when the server does not tell. */
  readonly gid: string | null;
  /** Empty when the server does not tell. */
  readonly owner: string;
  readonly database: string;
  /** At least. */
  readonly ageMs: number;
}

/**
 * Slots that clients take. The worker's session is left out: it goes when Headroom does, and ending a client cannot
 * free its slot. Connections without a session are added where the server's own count cannot include them.
 */
export function slotsTaken(sample: Pick<Sample, 'used' | 'ownSlots' | 'halfOpen'>): number {
  return sample.used - sample.ownSlots + (sample.halfOpen.inferred ? sample.halfOpen.count : 0);
}

/** Taken slots in percent of usable ones. Above 100 when reserved slots are taken too. */
export function usagePercent(sample: Pick<Sample, 'used' | 'ownSlots' | 'halfOpen' | 'limits'>): number {
  return (100 * slotsTaken(sample)) / Math.max(1, sample.limits.usable);
}

/** The same numbers from full sessions: those of clients, without our own. */
export function activityOf(
  sessions: readonly Session[],
  counters: Pick<Activity, 'sessionsOpened' | 'loginsRefused' | 'countedSince'>,
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

/** Sessions of clients, without those of Headroom. */
export function clientsOf({ sessions }: Pick<Snapshot, 'sessions'>): Session[] {
  return sessions.filter(({ kind, own }) => kind === 'client' && !own);
}

/** Ordinary clients are refused because no slot is free for them. */
export function isRefusedAsFull(canary: Canary): boolean {
  return canary.result === 'refused' && canary.refusal.kind === 'full';
}
