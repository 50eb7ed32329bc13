import * as z from 'zod/mini';

/**
 * Who are we, what time is it here, and how many sessions may we have? 0: no limit. All versions; no privileges.
 * The limit of the session is that of the account, or the global one where the account has none.
 */
export const SELF = {
  sql: /* SQL */ `
    SELECT
      UNIX_TIMESTAMP(NOW(6)) * 1000 AS clock_ms,
      CONNECTION_ID() AS id,
      CURRENT_USER() AS account,
      DATABASE() AS \`database\`,
      @@SESSION.max_user_connections AS own_limit,
      @@GLOBAL.max_user_connections AS global_limit`,
  row: z.object({
    clock_ms: z.number(),
    id: z.number(),
    account: z.string(),
    database: z.nullable(z.string()),
    own_limit: z.number(),
    global_limit: z.number(),
  }),
};
export type SelfRow = z.infer<typeof SELF.row>;

const variable = z.object({ Variable_name: z.string(), Value: z.string() });

/** Is our connection encrypted? An empty value means no. All versions; no privileges. */
export const TLS_VERSION = { sql: /* SQL */ `SHOW SESSION STATUS LIKE 'Ssl_version'`, row: variable };

/** Settings as ordinary clients get them; those that the server does not know have no row. $1: names. No privileges. */
export const SETTINGS = { sql: /* SQL */ `SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)`, row: variable };

/** May we read transactions? Needs PROCESS: else error 1227. */
export const TRY_TRANSACTIONS = {
  sql: /* SQL */ `SELECT COUNT(*) AS found FROM information_schema.INNODB_TRX`,
  row: z.object({ found: z.number() }),
};

/** May we read who waits for row locks? Needs SELECT on the table (MySQL), PROCESS (MariaDB). */
export const TRY_ROW_WAITS = {
  performance_schema: {
    sql: /* SQL */ `SELECT COUNT(*) AS found FROM performance_schema.data_lock_waits`,
    row: z.object({ found: z.number() }),
  },
  information_schema: {
    sql: /* SQL */ `SELECT COUNT(*) AS found FROM information_schema.INNODB_LOCK_WAITS`,
    row: z.object({ found: z.number() }),
  },
} as const;

/**
 * Tries the right to end sessions on one that we opened. $1: its connection id; it is open, so no other session has it.
 * KILL QUERY does nothing to a session that is idle.
 */
export const TRY_KILL = {
  statements: { terminate: { sql: 'KILL CONNECTION ?' }, cancel: { sql: 'KILL QUERY ?' } },
  procedures: { terminate: { sql: 'CALL mysql.rds_kill(?)' }, cancel: { sql: 'CALL mysql.rds_kill_query(?)' } },
} as const;

/** Does performance_schema show this very statement? $1: our own thread. Needs SELECT on the table. */
export const SHOWN_STATEMENTS = {
  sql: /* SQL */ `
    SELECT COUNT(*) AS shown FROM performance_schema.events_statements_current
    WHERE THREAD_ID = ? AND NESTING_EVENT_LEVEL = 0 AND END_EVENT_ID IS NULL`,
  row: z.object({ shown: z.number() }),
};

/** Does performance_schema show the locks that we hold? Needs SELECT on both tables. */
export const SHOWN_LOCKS = {
  sql: /* SQL */ `
    SELECT COUNT(*) AS shown
    FROM performance_schema.metadata_locks JOIN performance_schema.threads ON THREAD_ID = OWNER_THREAD_ID
    WHERE PROCESSLIST_ID = CONNECTION_ID() AND OBJECT_TYPE = 'USER LEVEL LOCK'`,
  row: z.object({ shown: z.number() }),
};
