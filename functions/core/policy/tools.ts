import type { Session, Tool } from '../server/session.ts';
import { matchesAny } from './patterns.ts';
import type { Protecting } from './policy.ts';

/**
 * Applications that copy or change whole databases. Ending them loses hours of work or leaves half a migration. The
 * names are those that the tools set as application_name or program_name (PostgreSQL client tools, pgBackRest, WAL-G,
 * AWS DMS, Flyway and others).
 */
const NAMES: Readonly<Record<Tool, readonly string[]>> = {
  backup: [
    'pg_dump*',
    'pg_basebackup*',
    'pg_receivewal*',
    'pg_recvlogical*',
    'pgbackrest*',
    'wal-g*',
    'barman*',
    'mysqldump*',
    'mysqlpump*',
    'mysqlsh*',
    'xtrabackup*',
    'mariabackup*',
    'mariadb-dump*',
    'mariadb-backup*',
    'mydumper*',
  ],
  migration: [
    'pg_restore*',
    'pg_repack*',
    'pg_squeeze*',
    'flyway*',
    'liquibase*',
    'alembic*',
    'sqitch*',
    'dbmate*',
    'golang-migrate*',
    'prisma-migrate*',
    'replication-task*',
    'awsdms*',
    'debezium*',
    'gh-ost*',
    'pt-online-schema-change*',
  ],
};

/** These never rest outside a transaction for long: what does, and calls itself so, is a leak. */
const NEVER_REST: readonly string[] = [
  'pg_dump*',
  'pg_restore*',
  'mysqldump*',
  'mysqlpump*',
  'mariadb-dump*',
  'flyway*',
  'liquibase*',
  'alembic*',
  'sqitch*',
  'dbmate*',
  'golang-migrate*',
  'prisma-migrate*',
];

/** Words in the names of users that are made for backups; looked at where a session gives no name of its own. */
const BACKUP_USER =
  /(^|[^a-z])(backups?|mariabackup|xtrabackup|mysqldump|mydumper|pg_?dump|pgbackrest|barman)($|[^a-z])/i;

/** The tool that a session belongs to: by what it does; or by its name, where the policy lets its user have such one. */
export function toolOf(session: Session, policy: Protecting): Tool | null {
  const { tool, user, application } = session;
  if (tool !== null) return tool;
  if (user === null || !matchesAny(user, policy.protect.toolUsers)) return null;
  if (application === '') return BACKUP_USER.test(user) ? 'backup' : null;
  // Some send the path that they were started by.
  const name = application.slice(Math.max(application.lastIndexOf('/'), application.lastIndexOf('\\')) + 1);
  if (isResting(session) && matchesAny(name, NEVER_REST)) return null;
  if (matchesAny(name, NAMES.backup)) return 'backup';
  return matchesAny(name, NAMES.migration) ? 'migration' : null;
}

/** Not from the policy: how long a tool may rest has nothing to do with how soon others are ended. */
const RESTING_MS = 15 * 60_000;

function isResting({ state, stateMs }: Session): boolean {
  return state === 'idle' && stateMs !== null && stateMs >= RESTING_MS;
}
