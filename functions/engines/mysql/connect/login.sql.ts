import * as z from 'zod/mini';

/**
 * Settings of our own session. Texts are compared and sent as we write them, whatever the server makes of a client's
 * character set (character_set_client_handshake, init_connect). Our statements are bounded (SELECT only on MySQL), wait for no lock for long and read
 * texts as written. The clock is the server's, whatever it does to new sessions. Our session is never ended for being
 * idle (Aurora uses the lesser of both timeouts). Times are the operating system's, like those of INNODB_TRX. MySQL 8.0
 * and later, MariaDB 10.6 and later: each reads its own kind of comment.
 */
export const SETTINGS = {
  sql: /* SQL */ `
    SET NAMES utf8mb4 COLLATE utf8mb4_general_ci;
    SET SESSION
      sql_mode = '', autocommit = 1, time_zone = 'SYSTEM', sql_big_selects = 1, sql_select_limit = DEFAULT,
      timestamp = DEFAULT,
      lock_wait_timeout = 2, innodb_lock_wait_timeout = 2,
      /*!80000 max_execution_time = 8000, */
      /*M! max_statement_time = 8, */
      wait_timeout = 31536000, interactive_timeout = 31536000`,
};

/**
 * What kind of server is this? Variables that it does not have have no row: features are recognised by that, and not by
 * versions. All versions; no privileges.
 */
export const VARIABLES = {
  sql: /* SQL */ `
    SHOW GLOBAL VARIABLES WHERE Variable_name IN (
      'version', 'version_comment', 'performance_schema', 'performance_schema_show_processlist', 'server_uuid',
      'super_read_only', 'aurora_server_id', 'basedir', 'xa_detach_on_prepare',
      'performance_schema_session_connect_attrs_size'
    )`,
  row: z.object({ Variable_name: z.string(), Value: z.string() }),
};

/**
 * Which of the tables we would read exist and may be read? All versions; shows only what this login has a right to.
 */
export const COLUMNS = {
  sql: /* SQL */ `
    SELECT TABLE_SCHEMA AS table_schema, TABLE_NAME AS table_name, COLUMN_NAME AS column_name
    FROM information_schema.COLUMNS
    WHERE (TABLE_SCHEMA = 'information_schema' AND TABLE_NAME IN ('PROCESSLIST', 'INNODB_LOCK_WAITS'))
      OR (TABLE_SCHEMA = 'mysql' AND TABLE_NAME IN ('user', 'global_grants', 'role_edges', 'roles_mapping'))
      OR (TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME IN (
        'threads', 'events_statements_current', 'events_transactions_current', 'data_lock_waits', 'metadata_locks',
        'session_connect_attrs'
      ))`,
  row: z.object({ table_schema: z.string(), table_name: z.string(), column_name: z.string() }),
};

/** What may this login do, roles that are active included? One column, whose name differs. */
export const GRANTS = { sql: /* SQL */ `SHOW GRANTS`, row: z.record(z.string(), z.string()) };

/** Who are we? `account` is the one whose privileges count: user@host. */
export const ACCOUNT = {
  sql: /* SQL */ `SELECT CONNECTION_ID() AS id, CURRENT_USER() AS account`,
  row: z.object({ id: z.number(), account: z.string() }),
};

/**
 * Which session is this, and on which server? Asked by the canary. No privileges. As one of several columns: poolers
 * answer CONNECTION_ID() alone themselves. The identity is that of `limits`; each kind of server reads its own comment.
 */
export const ARRIVAL = {
  sql: /* SQL */ `
    SELECT
      CONNECTION_ID() AS id,
      CONCAT(
        /*!80000 @@server_uuid */ /*M! @@hostname, ':', @@port */,
        '/',
        UNIX_TIMESTAMP() - (
          SELECT CAST(VARIABLE_VALUE AS UNSIGNED)
          FROM /*!80000 performance_schema.global_status */ /*M! information_schema.GLOBAL_STATUS */
          WHERE VARIABLE_NAME = 'Uptime'
        )
      ) AS server`,
  row: z.object({ id: z.number(), server: z.string() }),
};

/** Our own thread in performance_schema, whose clock all ages are measured by. Needs SELECT on threads. */
export const THREAD = {
  sql: /* SQL */ `SELECT THREAD_ID AS thread FROM performance_schema.threads WHERE PROCESSLIST_ID = CONNECTION_ID()`,
  row: z.object({ thread: z.number() }),
};

/** Which application is it, as its driver says? Needs SELECT on the table. */
export const APPLICATIONS = {
  sql: /* SQL */ `
    SELECT PROCESSLIST_ID AS id, ATTR_VALUE AS application
    FROM performance_schema.session_connect_attrs
    WHERE ATTR_NAME = 'program_name' AND ATTR_VALUE IS NOT NULL`,
  row: z.object({ id: z.number(), application: z.string() }),
};

/** Which sessions are there? Needs SELECT on the table. */
export const CONNECTED = {
  sql: /* SQL */ `SELECT PROCESSLIST_ID AS id FROM performance_schema.threads WHERE PROCESSLIST_ID IS NOT NULL`,
  row: z.object({ id: z.number() }),
};

/** Had performance_schema no room for some sessions? Then its list lacks them. MySQL; no privileges. */
export const LOST_THREADS = {
  sql: /* SQL */ `
    SELECT CAST(VARIABLE_VALUE AS UNSIGNED) AS lost FROM performance_schema.global_status
    WHERE VARIABLE_NAME = 'Performance_schema_thread_instances_lost'`,
  row: z.object({ lost: z.number() }),
};

/** Were attributes lost, or the whole thread of a session, for lack of room? No privileges. */
const lostAttributes = (status: string) => ({
  sql: /* SQL */ `
    SELECT CAST(VARIABLE_VALUE AS UNSIGNED) AS lost
    FROM ${status}
    WHERE VARIABLE_NAME IN ('Performance_schema_session_connect_attrs_lost', 'Performance_schema_thread_instances_lost')`,
  row: z.object({ lost: z.number() }),
});
export const LOST_ATTRIBUTES = {
  mysql: lostAttributes('performance_schema.global_status'),
  mariadb: lostAttributes('information_schema.GLOBAL_STATUS'),
} as const;
