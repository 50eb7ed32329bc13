import * as z from 'zod/mini';
import type { Features } from '../connect/features.ts';
import { isGiven } from '../grants/grants.ts';

const xaRow = z.object({ formatID: z.number(), gtrid_length: z.number(), data: z.string() });
export type XaRow = z.infer<typeof xaRow>;

/** Most blockers of one waiter: all sessions ahead in a queue of 1,000 would be 500,000 rows. */
const MOST_BLOCKERS = 32;

/**
 * Which transaction waits for which? Those ahead that do not wait themselves come first. $1: the transactions that
 * wait, as numbers; run only when there are any. MySQL: needs SELECT on data_lock_waits. MariaDB: needs PROCESS.
 * By transaction, not by thread: for a lock that InnoDB made explicit only because a session waits for it, MySQL names
 * the waiter's own thread as the one that blocks.
 */
export function rowWaits(source: NonNullable<Features['rowWaits']>) {
  const waits =
    source === 'performance_schema'
      ? `SELECT REQUESTING_ENGINE_TRANSACTION_ID AS waiter, BLOCKING_ENGINE_TRANSACTION_ID AS blocker
         FROM performance_schema.data_lock_waits`
      : `SELECT requesting_trx_id AS waiter, blocking_trx_id AS blocker FROM information_schema.INNODB_LOCK_WAITS`;
  return {
    sql: /* SQL */ `
      SELECT CAST(waiter AS CHAR) AS waiter, CAST(blocker AS CHAR) AS blocker
      FROM (
        SELECT waiter, blocker, ROW_NUMBER() OVER (PARTITION BY waiter ORDER BY blocker IN (?), blocker) AS place
        FROM (SELECT DISTINCT waiter, blocker FROM (${waits}) AS every) AS pairs
      ) AS placed
      WHERE place <= ${MOST_BLOCKERS}`,
    row: z.object({ waiter: z.string(), blocker: z.string() }),
  };
}

const KEPT = /* SQL */ `
  (LOCK_DURATION = 'EXPLICIT' OR LOCK_TYPE IN ('SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE'))`;

/**
 * Who keeps a lock of the server's own between statements (GET_LOCK, LOCK TABLES, FLUSH TABLES WITH READ LOCK, a
 * backup's)? And on objects that sessions wait for: who holds what, who waits for what? A lock that lasts until it is
 * given back is EXPLICIT, except on tables, where only LOCK TABLES and the like leave locks of these types. Needs
 * SELECT on metadata_locks and threads; MariaDB shows nothing unless the instrument wait/lock/metadata/sql/mdl is on.
 * Two passes over the table.
 */
export const METADATA_LOCKS = {
  sql: /* SQL */ `
    SELECT
      OWNER_THREAD_ID AS thread,
      OBJECT_TYPE AS kind,
      CONCAT_WS('/', OBJECT_TYPE, COALESCE(OBJECT_SCHEMA, ''), COALESCE(OBJECT_NAME, '')) AS object,
      LOCK_TYPE AS type,
      ${KEPT} AS kept,
      LOCK_STATUS = 'PENDING' AS pending
    FROM performance_schema.metadata_locks
    WHERE LOCK_STATUS IN ('GRANTED', 'PENDING')
      AND (
        ${KEPT}
        OR (OBJECT_TYPE, COALESCE(OBJECT_SCHEMA, ''), COALESCE(OBJECT_NAME, '')) IN (
          SELECT OBJECT_TYPE, COALESCE(OBJECT_SCHEMA, ''), COALESCE(OBJECT_NAME, '')
          FROM performance_schema.metadata_locks
          WHERE LOCK_STATUS = 'PENDING'
        )
      )
    LIMIT 50000`,
  row: z.object({
    thread: z.nullable(z.number()),
    kind: z.string(),
    object: z.string(),
    type: z.string(),
    kept: z.number(),
    pending: z.number(),
  }),
};
export type MetadataLockRow = z.infer<(typeof METADATA_LOCKS)['row']>;

/** Who waits in GET_LOCK, and in which statement? Needs PROCESS. */
export function lockWaiters({ processlist }: Features) {
  return {
    sql: /* SQL */ `SELECT ID AS id, LEFT(INFO, 2048) AS statement FROM ${processlist} WHERE STATE = 'User lock'`,
    row: z.object({ id: z.number(), statement: z.nullable(z.string()) }),
  };
}

/** Which session holds the lock of this name? Any login may ask. $1: the name. */
export const LOCK_HOLDER = {
  sql: /* SQL */ `SELECT IS_USED_LOCK(?) AS holder`,
  row: z.object({ holder: z.nullable(z.number()) }),
};

/**
 * Which users have a limit of their own? The highest where one name has several accounts. Needs SELECT on both columns.
 */
export const USER_LIMITS = {
  sql: /* SQL */ `
    SELECT CONVERT(User USING utf8mb4) AS name, MAX(max_user_connections) AS most
    FROM mysql.user
    WHERE max_user_connections > 0
    GROUP BY 1`,
  row: z.object({ name: z.string(), most: z.number() }),
};

/** Which accounts are there, and which of them may take the locks of a backup? Needs SELECT on these columns. */
export const ACCOUNTS = {
  sql: /* SQL */ `
    SELECT
      CONVERT(User USING utf8mb4) AS user,
      CONVERT(Host USING utf8mb4) AS host,
      ${isGiven('Reload_priv')} AS may_back_up
    FROM mysql.user`,
  row: z.object({ user: z.string(), host: z.string(), may_back_up: z.number() }),
};
export type AccountRow = z.infer<(typeof ACCOUNTS)['row']>;

/** Which users may replicate, and so copy whole databases? By name, as below. Needs SELECT on both columns. */
export const REPLICATORS = {
  sql: /* SQL */ `
    SELECT DISTINCT CONVERT(User USING utf8mb4) AS name FROM mysql.user WHERE ${isGiven('Repl_slave_priv')}`,
  row: z.object({ name: z.string() }),
};

/** Which transactions are prepared? MySQL: needs XA_RECOVER_ADMIN. MariaDB: nothing. */
export const PREPARED = {
  mysql: { sql: /* SQL */ `XA RECOVER CONVERT XID`, row: xaRow },
  mariadb: { sql: /* SQL */ `XA RECOVER FORMAT = 'SQL'`, row: xaRow },
} as const satisfies Record<Features['engine'], { readonly sql: string; readonly row: typeof xaRow }>;

/** InnoDB's status, up to 1 MB. Needs PROCESS. */
export const INNODB_STATUS = {
  sql: /* SQL */ `SHOW ENGINE INNODB STATUS`,
  row: z.object({ Status: z.string() }),
};

/** More transactions than this take InnoDB long to print, which holds all sessions up meanwhile. */
export const MOST_PRINTED = 500;

/** Who has a role, by way of which it may do what the role may. */
const BY_ROLE: Readonly<Record<Features['engine'], string>> = {
  mysql: /* SQL */ `
    SELECT CONVERT(TO_USER USING utf8mb4)
    FROM mysql.role_edges
    JOIN administrators ON CONVERT(FROM_USER USING utf8mb4) = name`,
  mariadb: /* SQL */ `
    SELECT CONVERT(roles_mapping.User USING utf8mb4)
    FROM mysql.roles_mapping
    JOIN administrators ON CONVERT(Role USING utf8mb4) = name`,
};

/**
 * Which users may do what ordinary ones may not? By name, whatever host they come from: when in doubt a session is
 * spared. On RDS, where only RDS itself has SUPER: who may create users and hand on what they may do, as the master user
 * may, and who has its role. Needs SELECT on a few columns of mysql.
 */
export function administrators({ engine, isRds }: Pick<Features, 'engine' | 'isRds'>) {
  const isChief = isRds
    ? `${isGiven('Super_priv')} OR (${isGiven('Create_user_priv')} AND ${isGiven('Grant_priv')})
        OR User = 'rds_superuser_role'`
    : isGiven('Super_priv');
  const byGrant = `
    UNION
    SELECT CONVERT(USER USING utf8mb4) FROM mysql.global_grants WHERE PRIV IN ('CONNECTION_ADMIN', 'SYSTEM_USER')`;
  return {
    sql: /* SQL */ `
      WITH RECURSIVE administrators AS (
        SELECT CONVERT(User USING utf8mb4) AS name FROM mysql.user WHERE ${isChief}
        ${engine === 'mysql' && !isRds ? byGrant : ''}
        UNION
        ${BY_ROLE[engine]}
      )
      SELECT name FROM administrators`,
    row: z.object({ name: z.string() }),
  };
}
