import type { Statement } from './statement.ts';

/**
 * What tells one session from every other, over restarts and failovers and over the reuse of ids.
 * All three parts are compared, as text, by the statement that ends a session.
 */
export interface SessionIdentity {
  /** The server's own identity. PostgreSQL: postmaster start (microseconds, as text). MySQL: server_uuid and start. */
  readonly server: string;
  /** PostgreSQL: backend pid. MySQL: connection id. */
  readonly id: number;
  /** What tells it from a later session with the same id. PostgreSQL: backend_start as text. MySQL: user@host:port. */
  readonly incarnation: string;
}

/**
 * `unseen`: the responder may not see the state of this session, so it can never be a candidate. `rolling-back`: ended
 * already, and it keeps its slot until its work is undone (MySQL, MariaDB); ending it again would only slow that down.
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

/** What an idle session visibly holds that its end would take away. */
export type Holding = 'advisory-lock' | 'listen' | 'table-lock';

/** Stands in `blockedBy` for a prepared transaction, which belongs to no session. */
export const PREPARED_TRANSACTION = 0;
/** Stands in `blockedBy` for a blocker that this server does not show. */
export const UNKNOWN_BLOCKER = -1;

/** One server-side connection as a snapshot shows it. Ages are in milliseconds by the server's clock, null when unknown. */
export interface Session {
  readonly identity: SessionIdentity;
  readonly kind: SessionKind;
  /** One of Headroom's own: the worker's session, or any session of its two logins. */
  readonly own: boolean;
  readonly superuser: boolean;
  readonly user: string | null;
  /** Empty when the client gave none. */
  readonly application: string;
  readonly database: string | null;
  /** Client address without port; null for a local socket. */
  readonly client: string | null;
  readonly state: SessionState;
  readonly connectedMs: number | null;
  readonly transactionMs: number | null;
  /** Time in the present state. */
  readonly stateMs: number | null;
  /** Time since the present (or last) query began. */
  readonly queryMs: number | null;
  /** Tells this transaction from a later one of the same session; null outside a transaction. */
  readonly transactionMark: string | null;
  /** Tells this query from a later one of the same session; null when none ran. */
  readonly queryMark: string | null;
  readonly wait: { readonly type: string; readonly event: string } | null;
  /** How long it has waited for a lock; null when it does not wait for one. */
  readonly lockWaitMs: number | null;
  /** Ids of the sessions directly ahead of it, PREPARED_TRANSACTION or UNKNOWN_BLOCKER. Empty unless it waits for a lock. */
  readonly blockedBy: readonly number[];
  readonly holds: readonly Holding[];
  /** The open transaction has written (PostgreSQL: it has a transaction id). */
  readonly hasWritten: boolean;
  /** Rows the open transaction has changed and would have to change back; null where the server does not count them. */
  readonly rowsModified: number | null;
  /** The present statement, or the last one; null when it does not show. */
  readonly statement: Statement | null;
}

/** One string for one identity, for maps and sets. */
export function sessionKey(identity: SessionIdentity): string {
  return `${identity.server}/${identity.id}/${identity.incarnation}`;
}

/** User and application with digits folded, so that `web-1` and `web-2` are one consumer. */
export function consumerOf(session: Pick<Session, 'user' | 'application'>): string {
  return `${session.user ?? '?'}/${session.application.replace(/\d+/g, '#')}`;
}

/** A consumer on one database: what a connection pool looks like from the server. */
export function poolOf(session: Session): string {
  return `${consumerOf(session)}@${session.database ?? '?'}`;
}
