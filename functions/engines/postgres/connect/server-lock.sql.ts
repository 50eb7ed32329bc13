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
 * Does another session hold it? Advisory locks are per database, pg_locks shows all of them. $1, $2: the key.
 */
export const LOCK_RIVALS = {
  sql: /* SQL */ `
    SELECT count(*)::int AS rivals
    FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
      AND classid = $1::int::oid AND objid = $2::int::oid AND objsubid = 2`,
  row: z.object({ rivals: z.number() }),
};

/** Gives it back; our session may be idle for any time again. $1, $2: the key. */
export const RELEASE_LOCK = {
  sql: /* SQL */ `
    SELECT pg_advisory_unlock($1::int, $2::int) AS released, set_config('idle_session_timeout', '0', false) AS lease`,
  row: z.object({ released: z.boolean() }),
};
