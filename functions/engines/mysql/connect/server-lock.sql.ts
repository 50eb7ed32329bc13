import * as z from 'zod/mini';

/** The same in every installation, so that two of them never act on one server at once. User locks are server-wide. */
export const LOCK_NAME = 'headroom';

/** Takes the lock if it is free. $1: its name. All versions; no privileges. */
export const TAKE_LOCK = {
  sql: /* SQL */ `SELECT GET_LOCK(?, 0) AS taken`,
  row: z.object({ taken: z.nullable(z.number()) }),
};

/**
 * Who else holds it? Executors log in as we do. $1: its name. All versions; sessions of others need PROCESS. The host
 * ends with the client's port, but for a local socket.
 */
export const LOCK_HOLDER = {
  sql: /* SQL */ `
    SELECT
      held.ID AS id,
      held.USER AS user,
      IF(held.HOST LIKE '%:%', REGEXP_REPLACE(held.HOST, ':[0-9]+$', ''), NULL) AS client,
      held.USER = own.USER AS is_executor
    FROM information_schema.PROCESSLIST AS held
    JOIN information_schema.PROCESSLIST AS own ON own.ID = CONNECTION_ID()
    WHERE held.ID = IS_USED_LOCK(?) AND held.ID <> CONNECTION_ID()`,
  row: z.object({ id: z.number(), user: z.string(), client: z.nullable(z.string()), is_executor: z.number() }),
};

/** Gives it back; null when we did not hold it. $1: its name. */
export const RELEASE_LOCK = {
  sql: /* SQL */ `SELECT RELEASE_LOCK(?) AS released`,
  row: z.object({ released: z.nullable(z.number()) }),
};

/**
 * How long the server lets our session be idle, in seconds. Short while it acts: when the executor dies or freezes with
 * the lock, the server ends the session after that time, and with it the lock. Counts from the end of the next
 * statement.
 */
export const SET_IDLE_TIMEOUT = { sql: /* SQL */ `SET SESSION wait_timeout = ?, interactive_timeout = ?` };
