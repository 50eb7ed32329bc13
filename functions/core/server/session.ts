import type { Statement } from './statement.ts';

/**
 * Distinguishes one session from every other, across restarts, failovers and reused ids.
 * The statement that ends a session compares all three parts, as text.
 */
export interface SessionIdentity {
  /** The server's own identity. PostgreSQL: postmaster start (microseconds, as text). MySQL: server_uuid and start. */
  readonly server: string;
  /** PostgreSQL: backend pid. MySQL: connection id. */
  readonly id: number;
  /** Differs for a later session with the same id. PostgreSQL: backend_start as text. MySQL: user@host:port. */
  readonly incarnation: string;
}

/**
 * `unseen`: the responder may not see this session's state, so it can never be a candidate. `rolling-back`: it was
 * ended and keeps its slot until its work is undone (MySQL, MariaDB); ending it again would only slow that down.
 */
export type SessionState =
  | 'active'
  | 'idle'
  | 'idle-in-transaction'
  | 'idle-in-transaction-aborted'
  | 'rolling-back'
  | 'starting'
  | 'unseen'
  | 'other';

/** Only `client` sessions are ever candidates. */
export type SessionKind = 'client' | 'replication' | 'system';

/**
 * Logins of the server, of RDS and of Aurora themselves, by their exact names: applications may have names that begin
 * like these. Only AWS may end their sessions, and trying can fail a whole batch.
 */
export const RDS_LOGINS: readonly string[] = [
  'rdsadmin',
  'rdsrepladmin',
  'rdsproxyadmin',
  'rdstopmgr',
  'rdswriteforwarduser',
  'rds_superuser',
];

/** Users that MySQL and MariaDB show for what the server does by itself. */
export const SERVER_USERS: readonly string[] = [
  'system user',
  'event_scheduler',
  'mysql.session',
  'mysql.sys',
  'mysql.infoschema',
  'mariadb.sys',
];

/**
 * What a session visibly holds, in the state it is in, that its end would take from others or that nobody could give
 * back. An advisory lock is a mutex, whatever its holder does; a commit that waits for a standby is done on this server;
 * a backup, and a copy that reads one snapshot, would have to begin again; a prepared transaction stays, with its locks,
 * when its session ends. The others are what an idle session would
 * lose: where it is in a transaction or at work, its tiers weigh that.
 */
export const HOLDINGS = [
  'advisory-lock',
  'commit',
  'backup',
  'snapshot',
  'prepared-transaction',
  'listen',
  'table-lock',
  'temporary-table',
  'cursor',
] as const;
export type Holding = (typeof HOLDINGS)[number];

/**
 * What the server may tell wrong of whose session it is, or not tell at all. `user`, with `client`: while a routine
 * runs with its definer's rights, some servers name the definer. `user-name`: its role was dropped, and has a number for
 * a name. `application`: the server does not show what the client sent. `holdings`: what it holds, or has open, could
 * not be read at this look.
 */
type Doubt = 'user' | 'user-name' | 'application' | 'holdings';

/** What a session shows itself to be by what it does: it copies, or changes, whole tables or the whole server. */
export type Tool = 'backup' | 'migration';

/** In `blockedBy`: a prepared transaction, which belongs to no session. */
export const PREPARED_TRANSACTION = 0;
/** In `blockedBy`: a blocker that this server does not show. */
export const UNKNOWN_BLOCKER = -1;

/** One server-side connection in a snapshot. Ages are in milliseconds by the server's clock, null when unknown. */
export interface Session {
  readonly identity: SessionIdentity;
  readonly kind: SessionKind;
  /** One that Headroom opened: the worker's session, or one of its two logins that names itself as Headroom does. */
  readonly own: boolean;
  /** Above the responder: the server would not let it end this one. */
  readonly superuser: boolean;
  /**
   * People's way in on RDS: a member of rds_superuser, or one with the master user's rights. Null where the responder
   * may not see who is one.
   */
  readonly administrator: boolean | null;
  /** Null before it has logged in. */
  readonly user: string | null;
  /** Empty when the client sent none. Of a process of the server: what it is, where that shows. */
  readonly application: string;
  /** What of it may not be so: then it may be anybody's, or hold anything that a policy protects. */
  readonly doubts: readonly Doubt[];
  /** What it is by what it does, or by what another session of its user and client does; null: nothing shows that. */
  readonly tool: Tool | null;
  readonly database: string | null;
  /** Client address without port; null for a local socket. */
  readonly client: string | null;
  readonly state: SessionState;
  readonly connectedMs: number | null;
  /** For at least so long, where the server does not show when a session came: some time between two looks. */
  readonly leastConnectedMs?: number;
  readonly transactionMs: number | null;
  /** Time in the current state. */
  readonly stateMs: number | null;
  /** Time since the current (or last) query began. */
  readonly queryMs: number | null;
  /** Distinguishes this transaction from a later one of the same session; null outside a transaction. */
  readonly transactionMark: string | null;
  /** Distinguishes this query from a later one of the same session; null when none ran. */
  readonly queryMark: string | null;
  readonly wait: { readonly type: string; readonly event: string } | null;
  /** How long it has waited for a lock; null when it waits for none. */
  readonly lockWaitMs: number | null;
  /** Ids of the sessions directly ahead, PREPARED_TRANSACTION or UNKNOWN_BLOCKER; empty unless it waits for a lock. */
  readonly blockedBy: readonly number[];
  readonly holds: readonly Holding[];
  /** The open transaction has written (PostgreSQL: it has a transaction id). */
  readonly hasWritten: boolean;
  /** Rows that the open transaction has changed and a rollback restores; null where the server does not count them. */
  readonly rowsModified: number | null;
  /** The current statement, or the last one; null when the server does not show it. */
  readonly statement: Statement | null;
}

/** `wait` of a session in the queue of a mutex (advisory lock, GET_LOCK, locking service), as each engine names it. */
const MUTEX_WAITS: ReadonlySet<string> = new Set(['advisory', 'User lock', 'Waiting for locking service lock']);

/** Whether it waits for a lock that guards no data: when its holder goes, the next one in the queue holds it. */
export function waitsForMutex({ wait }: Session): boolean {
  return wait?.type === 'Lock' && MUTEX_WAITS.has(wait.event);
}

/** One string for one identity, for maps and sets. */
export function sessionKey(identity: SessionIdentity): string {
  return `${identity.server}/${identity.id}/${identity.incarnation}`;
}

/** A session that takes longer to log in is half open and not new. In a storm a busy server takes seconds for a login. */
export const LOGIN_MS = 5_000;

/** A login under way: the server does not show yet whose it is. */
export function isLoggingIn({ state, user }: Pick<Session, 'state' | 'user'>): boolean {
  return state === 'starting' && user === null;
}
