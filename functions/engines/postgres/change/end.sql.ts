import * as z from 'zod/mini';
import { HOLDS, LAST_STATEMENT } from '../look/holdings.sql.ts';

/**
 * Ends, or cancels the query of, every wanted session that is still as expected. The check and the signal are one
 * statement. Sessions that are not there any more have no row.
 * 14 and later. Needs pg_signal_backend, and pg_read_all_stats (without it nothing is ever as expected).
 * $1: wanted sessions as JSON. $2: further users that are Headroom's own.
 * A backend that the server does not let us signal raises 42501 and stops the statement: superusers are left out here,
 * and if it happens nevertheless the caller takes one session at a time.
 * Locks and blockers are read only when a wanted session asks for it: both cost the lock manager.
 */
export const SIGNAL = {
  sql: /* SQL */ `
    WITH wanted AS MATERIALIZED (
      SELECT *
      FROM jsonb_to_recordset($1::jsonb) AS w (
        pid int, server text, incarnation text, cancel bool, state text, min_state_ms float8,
        transaction_mark text, query_mark text, blocks_others bool, holds_nothing bool
      )
    ),
    blocking AS MATERIALIZED (
      SELECT DISTINCT unnest(pg_blocking_pids(pid)) AS pid
      FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND EXISTS (SELECT FROM wanted WHERE blocks_others)
    ),
    holding AS MATERIALIZED (
      SELECT DISTINCT pid
      FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND EXISTS (SELECT FROM wanted WHERE holds_nothing)
    ),
    found AS MATERIALIZED (
      SELECT
        w.pid,
        w.cancel,
        extract(epoch FROM a.query_start)::text AS query_mark,
        (
          a.backend_type = 'client backend'
          AND a.pid <> pg_backend_pid()
          AND a.usename <> session_user
          AND a.usename <> ALL ($2::text[])
          AND NOT starts_with(a.usename::text, 'rds')
          AND NOT coalesce(r.rolsuper, false)
          AND a.state = w.state
          AND extract(epoch FROM clock_timestamp() - a.state_change) * 1000 >= w.min_state_ms
          AND (w.transaction_mark IS NULL
               OR concat_ws('/', extract(epoch FROM a.xact_start)::text, a.backend_xid::text) = w.transaction_mark)
          AND (w.query_mark IS NULL OR extract(epoch FROM a.query_start)::text = w.query_mark)
          AND (NOT w.blocks_others OR EXISTS (SELECT FROM blocking AS b WHERE b.pid = a.pid))
          AND (NOT w.holds_nothing OR (
            NOT EXISTS (SELECT FROM holding AS h WHERE h.pid = a.pid)
            AND cardinality(${HOLDS}) = 0
          ))
        ) IS TRUE AS as_expected
      FROM wanted AS w
      JOIN pg_stat_activity AS a ON a.pid = w.pid AND extract(epoch FROM a.backend_start)::text = w.incarnation
      LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
      ${LAST_STATEMENT}
      WHERE extract(epoch FROM pg_postmaster_start_time())::text = w.server
    )
    SELECT
      pid,
      query_mark,
      as_expected,
      CASE WHEN as_expected THEN
        CASE WHEN cancel THEN pg_cancel_backend(pid) ELSE pg_terminate_backend(pid) END
      END AS signalled
    FROM found`,
  row: z.object({
    pid: z.number(),
    query_mark: z.nullable(z.string()),
    as_expected: z.boolean(),
    signalled: z.nullable(z.boolean()),
  }),
};

/**
 * Which of these sessions are still there, and which query are they on? $1: sessions as JSON.
 * All versions; needs pg_read_all_stats. A session that is gone, or whose server restarted, has no row.
 */
export const STILL_THERE = {
  sql: /* SQL */ `
    SELECT a.pid, a.state, extract(epoch FROM a.query_start)::text AS query_mark
    FROM jsonb_to_recordset($1::jsonb) AS w (pid int, server text, incarnation text)
    JOIN pg_stat_activity AS a ON a.pid = w.pid AND extract(epoch FROM a.backend_start)::text = w.incarnation
    WHERE extract(epoch FROM pg_postmaster_start_time())::text = w.server`,
  row: z.object({ pid: z.number(), state: z.nullable(z.string()), query_mark: z.nullable(z.string()) }),
};
