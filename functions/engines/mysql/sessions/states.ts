import { RDS_LOGINS, SERVER_USERS, type SessionKind, type SessionState } from '../../../core/server/session.ts';
import type { ProcessRow } from './usage.sql.ts';

/** The user of a connection that has not logged in yet. */
export const UNAUTHENTICATED = 'unauthenticated user';

const SYSTEM_USERS: ReadonlySet<string> = new Set([...RDS_LOGINS, ...SERVER_USERS]);
/** Threads of the server without a connection, which take no slot. */
const THREAD_USER = /^(system user|event_scheduler)$/;
const REPLICATION_COMMAND =
  /^(Binlog Dump|Binlog Dump GTID|Table Dump|Register (Slave|Replica)|Connect Out|Slave_\w+|Replica_\w+)$/;
const SYSTEM_COMMAND = /^(Daemon|Delayed insert)$/;

type Thread = Pick<ProcessRow, 'user' | 'host' | 'command'>;

export function kindOf(thread: Thread): SessionKind {
  const { user, command } = thread;
  if (REPLICATION_COMMAND.test(command ?? '') || user === 'rdsrepladmin') return 'replication';
  const isSystem = SYSTEM_COMMAND.test(command ?? '') || SYSTEM_USERS.has(user ?? '');
  return isSystem || isEvent(thread) ? 'system' : 'client';
}

/**
 * An event at work is listed as its definer, who seems to be logging in without a port. A client on the server's own
 * machine that is just logging in by its socket looks the same for a moment; the server counts its slot nevertheless.
 */
function isEvent({ user, host, command }: Thread): boolean {
  return command === 'Connect' && user !== UNAUTHENTICATED && host !== null && !host.includes(':');
}

/** Whether it counts against max_connections. */
export function takesSlot(thread: Thread): boolean {
  const { user, command } = thread;
  return !SYSTEM_COMMAND.test(command ?? '') && !THREAD_USER.test(user ?? '') && !isEvent(thread);
}

/** Commands of the protocol that do work for the client. Servers differ in their letters' case. */
const WORKING: ReadonlySet<string> = new Set(
  (
    'Query|Execute|Bulk_execute|Prepare|Fetch|Long Data|Close stmt|Reset stmt|Reset Connection|Change user|Init DB|Field List|' +
    'Create DB|Drop DB|Statistics|Ping|Refresh|Processlist|Kill|Set option|Time|Debug|Error'
  )
    .toLowerCase()
    .split('|'),
);

/** `isAsleep`: between two statements. `inTransaction`: of whatever kind the server shows. */
export function stateOf(
  { user, command }: { readonly user: string | null; readonly command: string | null },
  { isAsleep, inTransaction, isUndoing }: Record<'isAsleep' | 'inTransaction' | 'isUndoing', boolean>,
): SessionState {
  if (isUndoing || command === 'Killed') return 'rolling-back';
  if (user === UNAUTHENTICATED || command === 'Connect') return 'starting';
  if (isAsleep) return inTransaction ? 'idle-in-transaction' : 'idle';
  return WORKING.has((command ?? '').toLowerCase()) || command === 'Sleep' ? 'active' : 'other';
}

/** The STATE of a session whose transaction is committed, or about to be, and waits for a replica or for the log. */
export function isCommitting(doing: string | null): boolean {
  return /^(Waiting for semi-sync ACK from (replica|slave)|waiting for handler commit)$/.test(doing ?? '');
}

/** The STATE of a session that waits for a lock which is not InnoDB's. */
export function waitsForServerLock(doing: string | null): boolean {
  return /^(Waiting for .+ (lock|flush)|User lock)$/.test(doing ?? '');
}
