import type { SessionKind, SessionState } from '../../../core/server/session.ts';

/** The user of a connection that has not logged in yet. */
export const UNAUTHENTICATED = 'unauthenticated user';

/** The logins of the server, RDS or Aurora themselves. Applications may be called rdsuser, too. */
const SYSTEM_USER = /^(system user|event_scheduler|mysql\.(session|sys|infoschema)|mariadb\.sys)$/;
const RDS_USER = /^rds(admin|repladmin|proxyadmin|topmgr|writeforwarduser)/;
/** Threads of the server without a connection, which take no slot. */
const THREAD_USER = /^(system user|event_scheduler)$/;
const REPLICATION_COMMAND =
  /^(Binlog Dump|Binlog Dump GTID|Table Dump|Register (Slave|Replica)|Connect Out|Slave_\w+|Replica_\w+)$/;
const SYSTEM_COMMAND = /^(Daemon|Delayed insert)$/;

export function kindOf(user: string | null, command: string | null): SessionKind {
  if (REPLICATION_COMMAND.test(command ?? '') || user === 'rdsrepladmin') return 'replication';
  const isSystem = SYSTEM_COMMAND.test(command ?? '') || SYSTEM_USER.test(user ?? '') || RDS_USER.test(user ?? '');
  return isSystem ? 'system' : 'client';
}

/** Whether it counts against max_connections. */
export function takesSlot(user: string | null, command: string | null): boolean {
  return !SYSTEM_COMMAND.test(command ?? '') && !THREAD_USER.test(user ?? '');
}

/** Commands of the protocol that do work for the client. */
const WORKING: ReadonlySet<string> = new Set(
  (
    'Query|Execute|Prepare|Fetch|Long Data|Close stmt|Reset stmt|Reset Connection|Change user|Init DB|Field List|' +
    'Create DB|Drop DB|Statistics|Ping|Refresh|Processlist|Set option|Time|Debug|Error'
  ).split('|'),
);

/** `isAsleep`: between two statements. `inTransaction`: of whatever kind the server shows. */
export function stateOf(
  { user, command }: { readonly user: string | null; readonly command: string | null },
  { isAsleep, inTransaction, isUndoing }: Record<'isAsleep' | 'inTransaction' | 'isUndoing', boolean>,
): SessionState {
  if (isUndoing || command === 'Killed') return 'rolling-back';
  if (user === UNAUTHENTICATED || command === 'Connect') return 'starting';
  if (isAsleep) return inTransaction ? 'idle-in-transaction' : 'idle';
  return WORKING.has(command ?? '') || command === 'Sleep' ? 'active' : 'other';
}

/** The STATE of a session that waits for a lock which is not InnoDB's. */
export function waitsForServerLock(doing: string | null): boolean {
  return /^(Waiting for .+ (lock|flush)|User lock)$/.test(doing ?? '');
}
