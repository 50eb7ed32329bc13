import * as z from 'zod/mini';
import type { EndMethod } from '../../../core/protocol/worker.ts';
import { holds, LAST_STATEMENT, MAY_REPLICATE } from '../look/holdings.sql.ts';

/** What is read of the wanted sessions once, before the first of them is signalled. */
const WANTED = /* SQL */ `
    WITH wanted AS MATERIALIZED (
      SELECT *
      FROM jsonb_to_recordset($1::jsonb) AS w (
        pid int, server text, incarnation text, state text, min_state_ms float8,
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
    beforehand AS MATERIALIZED (
      SELECT
        w.*,
        (NOT w.blocks_others OR EXISTS (SELECT FROM blocking AS b WHERE b.pid = w.pid))
          AND (NOT w.holds_nothing OR NOT EXISTS (SELECT FROM holding AS h WHERE h.pid = w.pid)) AS has_its_locks
      FROM wanted AS w
      WHERE extract(epoch FROM pg_postmaster_start_time())::text = w.server
    )`;

/**
 * Ends, or cancels the query of, every wanted session that is still as expected. Each session is read anew right before
 * its own signal: pg_stat_activity is one picture for a whole statement, so it is thrown away and taken again for each.
 * Locks and blockers cost the lock manager, so they are read once, before the first session, and only when a wanted
 * session asks for it. What was read still holds for a session that has done nothing since the statement began, and no
 * other is ended. Sessions that are not there any more have no `found`.
 * 14 and later. Needs pg_signal_backend, and pg_read_all_stats (without it nothing is ever as expected).
 * $1: wanted sessions as JSON. $2: further users that are Headroom's own. $3: RDS_LOGINS.
 * $4: OWN_APPLICATION, which the sessions have that Headroom opened.
 * The role of a session may have been dropped: then it has no name.
 * A backend that the server does not let us signal raises 42501 and stops the statement: superusers are left out here,
 * and if it happens nevertheless the caller takes one session at a time.
 */
export const signal = (method: EndMethod) => ({
  sql: /* SQL */ `
    ${WANTED}
    SELECT
      w.pid,
      (
        SELECT jsonb_build_object(
          'queryMark', query_mark,
          'asExpected', as_expected,
          'signalled', CASE WHEN as_expected THEN ${SIGNALS[method]}(w.pid) END
        )
        FROM (
          SELECT
            extract(epoch FROM a.query_start)::text AS query_mark,
            (
              w.has_its_locks
              AND a.state_change <= statement_timestamp()
              AND a.backend_type = 'client backend'
              AND a.pid <> pg_backend_pid()
              AND a.usesysid IS NOT NULL
              AND NOT (coalesce(r.rolname::text, '') = ANY ($2::text[] || session_user::text) AND a.application_name = $4)
              AND coalesce(r.rolname::text, '') <> ALL ($3::text[])
              AND NOT coalesce(r.rolsuper, false)
              AND a.state = w.state
              AND extract(epoch FROM clock_timestamp() - a.state_change) * 1000 >= w.min_state_ms
              AND (w.transaction_mark IS NULL
                   OR concat_ws('/', extract(epoch FROM a.xact_start)::text, a.backend_xid::text) = w.transaction_mark)
              AND (w.query_mark IS NULL OR extract(epoch FROM a.query_start)::text = w.query_mark)
              AND (NOT w.holds_nothing OR cardinality(${holds(MAY_REPLICATE)}) = 0)
            ) IS TRUE AS as_expected
          FROM pg_stat_get_activity(CASE WHEN pg_stat_clear_snapshot() IS NULL THEN NULL ELSE w.pid END) AS a
          LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
          ${LAST_STATEMENT}
          WHERE extract(epoch FROM a.backend_start)::text = w.incarnation
          OFFSET 0
        ) AS now
      ) AS found
    FROM beforehand AS w`,
  row: z.object({
    pid: z.number(),
    found: z.nullable(
      z.object({ queryMark: z.nullable(z.string()), asExpected: z.boolean(), signalled: z.nullable(z.boolean()) }),
    ),
  }),
});

/** One statement names one of them: a function that may not be called fails a statement that would not have called it. */
const SIGNALS = { terminate: 'pg_terminate_backend', cancel: 'pg_cancel_backend' } as const satisfies Record<
  EndMethod,
  string
>;

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
