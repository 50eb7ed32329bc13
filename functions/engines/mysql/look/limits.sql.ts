import * as z from 'zod/mini';
import type { Features } from '../connect/features.ts';

const row = z.object({
  identity: z.string(),
  started_at: z.number(),
  read_only: z.number(),
  max_connections: z.number(),
  connected: z.number(),
  sessions_opened: z.number(),
  logins_refused: z.nullable(z.number()),
  counted_since: z.string(),
  lock_holder: z.nullable(z.number()),
  deadlocks: z.number(),
  user_limit: z.number(),
});
export type LimitsRow = z.infer<typeof row>;

/**
 * How many slots are there, how many are taken, who is this server, and what has it counted?
 * MySQL 8.0 and later, MariaDB 10.6 and later; no privileges. $1: LOCK_NAME.
 * Connections that have not logged in yet are in Threads_connected, the server's own threads are not.
 * The start is exact: Uptime is the time of this very statement less the start, both in whole seconds.
 */
export function limits(features: Features): { readonly sql: string; readonly row: typeof row } {
  const status = (name: string) =>
    `(SELECT CAST(VARIABLE_VALUE AS UNSIGNED) FROM ${STATUS[features.engine]} WHERE VARIABLE_NAME = '${name}')`;
  const start = `UNIX_TIMESTAMP() - ${status('Uptime')}`;
  // Refused logins are no sessions. Connections leaves out those that were refused for lack of a slot before they had a
  // thread; MariaDB (10.11) counts them as aborted nevertheless, MySQL (9.7) does not.
  // MySQL counts all logins that were refused for lack of a slot, MariaDB only those that were refused that early.
  const refused = status('Connection_errors_max_connections');
  const early = features.engine === 'mariadb' ? ` + ${refused}` : '';
  // FLUSH STATUS sets the second one back on MariaDB, and not the first: see counted_since.
  const opened = `CAST(${status('Connections')}${early} AS SIGNED) - CAST(${status('Aborted_connects')} AS SIGNED)`;
  const server = features.serverUuid === null ? `@@hostname, ':', @@port` : '@@server_uuid';
  const readOnly = ['@@read_only', '@@innodb_read_only', ...(features.hasSuperReadOnly ? ['@@super_read_only'] : [])];
  return {
    sql: /* SQL */ `
      SELECT
        CONCAT(${server}, '/', ${start}) AS identity,
        ${start} AS started_at,
        ${readOnly.join(' OR ')} AS read_only,
        @@max_connections AS max_connections,
        ${status('Threads_connected')} AS connected,
        ${opened} AS sessions_opened,
        ${features.engine === 'mysql' ? refused : 'NULL'} AS logins_refused,
        CAST(UNIX_TIMESTAMP() - ${status('Uptime_since_flush_status')} AS CHAR) AS counted_since,
        NULLIF(IS_USED_LOCK(?), CONNECTION_ID()) AS lock_holder,
        ${features.engine === 'mariadb' ? `COALESCE(${status('Innodb_deadlocks')}, 0)` : '0'} AS deadlocks,
        @@GLOBAL.max_user_connections AS user_limit`,
    row,
  };
}

const STATUS = {
  mysql: 'performance_schema.global_status',
  mariadb: 'information_schema.GLOBAL_STATUS',
} as const satisfies Record<Features['engine'], string>;

/** How many deadlocks has InnoDB counted? For MySQL, which has no status variable for it. Needs PROCESS. */
export const DEADLOCKS = {
  sql: /* SQL */ `SELECT COUNT AS deadlocks FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'`,
  row: z.object({ deadlocks: z.number() }),
};
