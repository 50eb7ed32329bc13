import * as z from 'zod/mini';

/** "HEAD" and "ROOM": the same in every installation, so that two of them never act on one server at once. */
export const LOCK_KEY = [0x48454144, 0x524f4f4d] as const;

/**
 * Takes the server-wide lock, if it is free in this database. $1, $2: the key.
 * $3: our session's idle timeout while it acts. When the executor dies or freezes with the lock, the server ends the
 * session after that time, and with it the lock. All versions; no privileges.
 */
export const TAKE_LOCK = {
  sql: /* SQL */ `
    SELECT pg_try_advisory_lock($1::int, $2::int) AS taken, set_config('idle_session_timeout', $3, false) AS lease`,
  row: z.object({ taken: z.boolean() }),
};

/**
 * Who else holds it? Executors, which log in as we do, come first. Advisory locks are per database, pg_locks shows all
 * of them; 0 stands for a prepared transaction. $1, $2: the key. All versions; no privileges (without pg_read_all_stats
 * the application and the client of others are not shown).
 */
export const LOCK_HOLDERS = {
  sql: /* SQL */ `
    SELECT
      coalesce(l.pid, 0) AS id,
      pg_get_userbyid(a.usesysid)::text AS "user",
      coalesce(a.application_name, '') AS application,
      host(a.client_addr) AS client,
      (pg_get_userbyid(a.usesysid) = session_user) IS TRUE AS is_executor
    FROM pg_locks AS l
    LEFT JOIN pg_stat_get_activity(NULL) AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.classid = $1::int::oid AND l.objid = $2::int::oid AND l.objsubid = 2
      AND (l.pid IS NULL OR a.pid IS NOT NULL)
    ORDER BY is_executor DESC, id`,
  row: z.object({
    id: z.number(),
    user: z.nullable(z.string()),
    application: z.string(),
    client: z.nullable(z.string()),
    is_executor: z.boolean(),
  }),
};

/** Gives it back; our session may be idle for any time again. $1, $2: the key. */
export const RELEASE_LOCK = {
  sql: /* SQL */ `
    SELECT pg_advisory_unlock($1::int, $2::int) AS released, set_config('idle_session_timeout', '0', false) AS lease`,
  row: z.object({ released: z.boolean() }),
};
