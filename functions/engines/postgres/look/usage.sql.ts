import * as z from 'zod/mini';

/**
 * How many slots are taken, by whom and in what state, and what do the sessions do? Client backends take a slot each;
 * walsenders and workers have slots of their own. 14 and later. $1: LONG_QUERY_MS. $2: ARRIVED_MS. Our own session is
 * counted, but not what it does. Without pg_read_all_stats type, state and times are NULL: a row with a database then
 * counts as a client, and when it came is not known.
 * The function is what pg_stat_activity reads: names are looked up for each group here, not joined to each session.
 */
export const USAGE = {
  sql: /* SQL */ `
    SELECT
      state,
      pg_get_userbyid(usesysid)::text AS "user",
      (pg_get_userbyid(usesysid) = session_user) IS TRUE AS is_responder,
      coalesce(application_name, '') AS application,
      host(client_addr) AS client,
      count(*)::int AS sessions,
      CASE WHEN count(backend_start) = count(*) THEN
        (count(*) FILTER (WHERE backend_start > clock_timestamp() - $2::float8 * interval '1 ms'))::int
      END AS arrived,
      round(extract(epoch FROM clock_timestamp() - min(query_start) FILTER (WHERE is_other AND state = 'active')) * 1000
        )::float8 AS longest_query_ms,
      round(extract(epoch FROM clock_timestamp() - min(xact_start) FILTER (WHERE is_other)) * 1000)::float8
        AS longest_transaction_ms,
      (count(*) FILTER (
        WHERE is_other AND state = 'active' AND query_start <= clock_timestamp() - $1::float8 * interval '1 ms'
      ))::int AS long_queries,
      (count(*) FILTER (WHERE wait_event_type = 'Lock'))::int AS blocked
    FROM (SELECT *, pid <> pg_backend_pid() AS is_other FROM pg_stat_get_activity(NULL)) AS activity
    WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)
    GROUP BY state, usesysid, application_name, client_addr`,
  row: z.object({
    state: z.nullable(z.string()),
    user: z.nullable(z.string()),
    application: z.string(),
    client: z.nullable(z.string()),
    sessions: z.number(),
    arrived: z.nullable(z.number()),
    longest_query_ms: z.nullable(z.number()),
    longest_transaction_ms: z.nullable(z.number()),
    long_queries: z.number(),
    blocked: z.number(),
    is_responder: z.boolean(),
  }),
};
export type UsageRow = z.infer<typeof USAGE.row>;
