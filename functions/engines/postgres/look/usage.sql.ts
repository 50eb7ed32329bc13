import * as z from 'zod/mini';

/**
 * How many slots are taken, by state, and what do the sessions do? Client backends take a slot each; walsenders and
 * workers have slots of their own. 14 and later. $1: LONG_QUERY_MS. Our own session is counted, but not what it does.
 * Without pg_read_all_stats type and state are NULL: a row with a database then counts as a client.
 */
export const USAGE = {
  sql: /* SQL */ `
    SELECT
      state,
      count(*)::int AS sessions,
      round(max(query_ms) FILTER (WHERE state = 'active'))::float8 AS longest_query_ms,
      round(max(transaction_ms))::float8 AS longest_transaction_ms,
      (count(*) FILTER (WHERE state = 'active' AND query_ms >= $1::float8))::int AS long_queries,
      (count(*) FILTER (WHERE wait_event_type = 'Lock'))::int AS blocked,
      (count(*) FILTER (WHERE is_responder))::int AS responder_sessions
    FROM (
      SELECT
        state,
        wait_event_type,
        usename = session_user AS is_responder,
        CASE WHEN pid <> pg_backend_pid() THEN extract(epoch FROM clock_timestamp() - query_start) * 1000 END
          AS query_ms,
        CASE WHEN pid <> pg_backend_pid() THEN extract(epoch FROM clock_timestamp() - xact_start) * 1000 END
          AS transaction_ms
      FROM pg_stat_activity
      WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)
    ) AS clients
    GROUP BY state`,
  row: z.object({
    state: z.nullable(z.string()),
    sessions: z.number(),
    longest_query_ms: z.nullable(z.number()),
    longest_transaction_ms: z.nullable(z.number()),
    long_queries: z.number(),
    blocked: z.number(),
    responder_sessions: z.number(),
  }),
};
