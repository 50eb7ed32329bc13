import * as z from 'zod/mini';
import type { Features } from '../connect/features.ts';

/**
 * Who is connected, and in what state? performance_schema where it is on: information_schema.PROCESSLIST is deprecated
 * there and stops every session for a moment. Needs PROCESS: without it only our own sessions have a row.
 * TIME is in whole seconds by the clock: a session that shows n has been there for more than n - 1 and less than n + 1.
 * On MySQL it counts from the *start* of the last statement, also when that ended long after, so it does not show how
 * long a session has been idle. MariaDB counts from the end, and in milliseconds.
 */
export function processes({ processlist, hasQueryIds }: Listing, scope: Scope) {
  return {
    sql: /* SQL */ `
      SELECT
        ID AS id,
        USER AS user,
        HOST AS host,
        DB AS \`database\`,
        COMMAND AS command,
        STATE AS doing,
        TIME AS seconds,
        UNIX_TIMESTAMP() - TIME AS began_at,
        ${hasQueryIds ? 'TIME_MS' : 'NULL'} AS exact_ms,
        ${hasQueryIds ? 'QUERY_ID' : 'NULL'} AS query_id,
        ${scope.withStatements ? 'LEFT(INFO, 2048)' : 'NULL'} AS statement
      FROM ${processlist}
      ${scope.ids === null ? '' : 'WHERE ID IN (?)'}`,
    row: processRow,
  };
}

export type Listing = Pick<Features, 'processlist' | 'hasQueryIds'>;

/** Which sessions to read, and how much of them. `ids`: $1 of each statement when not null; null for all sessions. */
export interface Scope {
  readonly ids: readonly number[] | null;
  readonly withStatements: boolean;
}

const processRow = z.object({
  id: z.number(),
  user: z.nullable(z.string()),
  host: z.nullable(z.string()),
  database: z.nullable(z.string()),
  command: z.nullable(z.string()),
  doing: z.nullable(z.string()),
  seconds: z.nullable(z.number()),
  began_at: z.nullable(z.number()),
  exact_ms: z.nullable(z.number()),
  query_id: z.nullable(z.number()),
  statement: z.nullable(z.string()),
});
export type ProcessRow = z.infer<typeof processRow>;

/**
 * Which thread serves which session, and who logged in to it, from where? Where performance_schema is on. Each of these tables is read once, from end to end,
 * and the caller joins them: their indexes are only filters, and a join on the server costs sessions squared.
 */
export const THREADS = {
  sql: /* SQL */ `
    SELECT THREAD_ID AS thread, PROCESSLIST_ID AS id, PROCESSLIST_USER AS user, PROCESSLIST_HOST AS host
    FROM performance_schema.threads
    WHERE PROCESSLIST_ID IS NOT NULL`,
  row: z.object({ thread: z.number(), id: z.number(), user: z.nullable(z.string()), host: z.nullable(z.string()) }),
};

export type ThreadRow = z.infer<(typeof THREADS)['row']>;

/**
 * The clock of performance_schema, as it times our present statement; picoseconds, beyond what a signed number holds.
 */
const NOW = /* SQL */ `
  CAST((
    SELECT TIMER_END FROM performance_schema.events_statements_current WHERE THREAD_ID = ? AND NESTING_EVENT_LEVEL = 0
  ) AS DECIMAL(20))`;

/**
 * What is each session's present or last statement, and when did it begin and end? MySQL with performance_schema; needs
 * SELECT on the table. $1, $2: our own thread. $3: the threads of the sessions to read, where not all are.
 */
export function statements({ ids, withStatements }: Scope) {
  return {
    sql: /* SQL */ `
      SELECT
        THREAD_ID AS thread,
        EVENT_ID AS event,
        END_EVENT_ID IS NOT NULL AS ended,
        (${NOW} - TIMER_START) / 1e9 AS began_ms,
        (${NOW} - TIMER_END) / 1e9 AS ended_ms,
        TIMER_WAIT / 1e9 AS took_ms,
        ${withStatements ? 'LEFT(SQL_TEXT, 2048)' : 'NULL'} AS statement
      FROM performance_schema.events_statements_current
      WHERE NESTING_EVENT_LEVEL = 0${ids === null ? '' : ' AND THREAD_ID IN (?)'}`,
    row: statementRow,
  };
}

const statementRow = z.object({
  thread: z.number(),
  event: z.number(),
  ended: z.number(),
  began_ms: z.nullable(z.number()),
  ended_ms: z.nullable(z.number()),
  took_ms: z.nullable(z.number()),
  statement: z.nullable(z.string()),
});
export type StatementRow = z.infer<typeof statementRow>;

/**
 * What do sessions run inside a routine, and since when? The innermost has the highest number. MySQL with
 * performance_schema; needs SELECT on the table. $1: our own thread.
 */
export const INNER_STATEMENTS = {
  sql: /* SQL */ `
    SELECT
      THREAD_ID AS thread,
      EVENT_ID AS event,
      (${NOW} - TIMER_START) / 1e9 AS began_ms,
      LEFT(SQL_TEXT, 2048) AS statement
    FROM performance_schema.events_statements_current
    WHERE NESTING_EVENT_LEVEL > 0 AND END_EVENT_ID IS NULL
    ORDER BY EVENT_ID`,
  row: z.object({
    thread: z.number(),
    event: z.number(),
    began_ms: z.nullable(z.number()),
    statement: z.nullable(z.string()),
  }),
};
export type InnerStatement = z.infer<(typeof INNER_STATEMENTS)['row']>;

/** Which sessions are in a transaction, for how long, and is it prepared (XA)? MySQL with performance_schema. $1: our own thread. */
export const OPEN_TRANSACTIONS = {
  sql: /* SQL */ `
    SELECT
      THREAD_ID AS thread,
      EVENT_ID AS event,
      (${NOW} - TIMER_START) / 1e9 AS age_ms,
      COALESCE(XA_STATE, '') = 'PREPARED' AS prepared,
      XID_FORMAT_ID AS format,
      XID_GTRID AS gtrid,
      XID_BQUAL AS bqual
    FROM performance_schema.events_transactions_current
    WHERE STATE = 'ACTIVE'`,
  row: z.object({
    thread: z.number(),
    event: z.number(),
    age_ms: z.nullable(z.number()),
    prepared: z.number(),
    format: z.nullable(z.number()),
    gtrid: z.nullable(z.string()),
    bqual: z.nullable(z.string()),
  }),
};
export type OpenTransactionRow = z.infer<(typeof OPEN_TRANSACTIONS)['row']>;

/**
 * What has InnoDB open? Needs PROCESS. Times are cut off to whole seconds: transactions and waits may have begun up to
 * a second later. InnoDB keeps what it shows here until no client has read it for 100 ms. So readers wait that long
 * between two reads, and never trust it alone about a session that was busy just now.
 * An id of 0 stands for no session: a prepared transaction.
 */
export const INNODB_TRANSACTIONS = {
  sql: /* SQL */ `
    SELECT
      CAST(trx_id AS CHAR) AS trx,
      trx_mysql_thread_id AS id,
      trx_state AS state,
      UNIX_TIMESTAMP(trx_started) AS started,
      UNIX_TIMESTAMP(NOW(6)) - UNIX_TIMESTAMP(trx_started) AS age_s,
      UNIX_TIMESTAMP(NOW(6)) - UNIX_TIMESTAMP(trx_wait_started) AS wait_s,
      trx_rows_modified AS rows_modified
    FROM information_schema.INNODB_TRX`,
  row: z.object({
    trx: z.string(),
    id: z.number(),
    state: z.string(),
    started: z.nullable(z.number()),
    age_s: z.nullable(z.number()),
    wait_s: z.nullable(z.number()),
    rows_modified: z.number(),
  }),
};
export type TransactionRow = z.infer<(typeof INNODB_TRANSACTIONS)['row']>;
