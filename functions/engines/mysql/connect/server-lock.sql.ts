import * as z from 'zod/mini';

/** The same in every installation, so that two of them never act on one server at once. User locks are server-wide. */
export const LOCK_NAME = 'headroom';

/** Takes the lock if it is free. $1: its name. All versions; no privileges. */
export const TAKE_LOCK = {
  sql: /* SQL */ `SELECT GET_LOCK(?, 0) AS taken`,
  row: z.object({ taken: z.nullable(z.number()) }),
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
