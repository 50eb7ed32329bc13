import * as z from 'zod/mini';
import { HOLDINGS } from '../../../core/server/session.ts';
import { HOLDS, LAST_STATEMENT } from './holdings.sql.ts';

/**
 * Who is connected, doing what, for how long, and behind whom?
 * 14 and later (waitstart). Needs pg_read_all_stats: without it state, times and type of others' sessions are NULL.
 * $1: further users that are Headroom's own. $2: OWN_APPLICATION.
 * Times are seconds since 1970 as text: exact to the microsecond and the same under every TimeZone and DateStyle.
 * The role of a session may have been dropped since it logged in: then it has its number for a name.
 * pg_blocking_pids takes the lock manager's locks, so it is called only for sessions that wait for a lock. At most 32
 * blockers of each are kept, those that do not wait themselves first: all sessions ahead in a queue of 1,000 would be
 * 500,000 numbers.
 */
export const SESSIONS = {
  sql: /* SQL */ `
    WITH RECURSIVE administrators (oid) AS (
      SELECT oid FROM pg_roles WHERE rolname = 'rds_superuser'
      UNION
      SELECT m.member FROM pg_auth_members AS m JOIN administrators AS a ON a.oid = m.roleid
    ),
    locks AS MATERIALIZED (
      SELECT
        pid,
        coalesce(bool_or(locktype = 'advisory' AND granted), false) AS holds_advisory,
        min(waitstart) FILTER (WHERE NOT granted) AS wait_start
      FROM pg_locks
      WHERE locktype = 'advisory' OR NOT granted
      GROUP BY pid
    ),
    activity AS MATERIALIZED (SELECT * FROM pg_stat_activity)
    SELECT
      a.pid,
      extract(epoch FROM a.backend_start)::text AS incarnation,
      a.backend_type,
      (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL)) AS takes_slot,
      (
        a.pid = pg_backend_pid()
        OR ((a.usename = session_user OR a.usename = ANY ($1::text[])) AND a.application_name = $2)
      ) IS TRUE AS own,
      (a.usename = session_user) IS TRUE AS is_responder,
      (a.usename = ANY ($1::text[])) IS TRUE AS is_canary,
      coalesce(r.rolsuper, false) AS superuser,
      a.usesysid IN (SELECT oid FROM administrators) IS TRUE AS administrator,
      pg_get_userbyid(a.usesysid)::text AS "user",
      (a.usesysid IS NOT NULL AND a.usename IS NULL) AS is_dropped,
      coalesce(a.application_name, '') AS application,
      a.datname::text AS database,
      host(a.client_addr) AS client,
      a.state,
      round(extract(epoch FROM clock_timestamp() - a.backend_start) * 1000)::float8 AS connected_ms,
      round(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::float8 AS transaction_ms,
      round(extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::float8 AS state_ms,
      round(extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::float8 AS query_ms,
      concat_ws('/', extract(epoch FROM a.xact_start)::text, a.backend_xid::text) AS transaction_mark,
      extract(epoch FROM a.query_start)::text AS query_mark,
      a.wait_event_type,
      a.wait_event,
      round(extract(epoch FROM clock_timestamp() - l.wait_start) * 1000)::float8 AS lock_wait_ms,
      CASE WHEN a.wait_event_type = 'Lock' THEN ARRAY(
        SELECT blocker
        FROM (SELECT DISTINCT unnest(pg_blocking_pids(a.pid)) AS blocker) AS ahead
        LEFT JOIN activity AS b ON b.pid = blocker
        ORDER BY (b.wait_event_type = 'Lock') IS TRUE, blocker
        LIMIT 32
      ) ELSE '{}' END AS blocked_by,
      CASE WHEN l.holds_advisory THEN ARRAY['advisory-lock'] ELSE '{}' END || ${HOLDS} AS holds,
      a.backend_xid IS NOT NULL AS has_written,
      s.said AS query
    FROM activity AS a
    LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
    LEFT JOIN locks AS l ON l.pid = a.pid
    ${LAST_STATEMENT}
    WHERE a.backend_type IN ('client backend', 'walsender') OR a.datid IS NOT NULL`,
  row: z.object({
    pid: z.number(),
    incarnation: z.nullable(z.string()),
    backend_type: z.nullable(z.string()),
    takes_slot: z.boolean(),
    own: z.boolean(),
    is_responder: z.boolean(),
    is_canary: z.boolean(),
    superuser: z.boolean(),
    administrator: z.boolean(),
    user: z.nullable(z.string()),
    is_dropped: z.boolean(),
    application: z.string(),
    database: z.nullable(z.string()),
    client: z.nullable(z.string()),
    state: z.nullable(z.string()),
    connected_ms: z.nullable(z.number()),
    transaction_ms: z.nullable(z.number()),
    state_ms: z.nullable(z.number()),
    query_ms: z.nullable(z.number()),
    transaction_mark: z.string(),
    query_mark: z.nullable(z.string()),
    wait_event_type: z.nullable(z.string()),
    wait_event: z.nullable(z.string()),
    lock_wait_ms: z.nullable(z.number()),
    blocked_by: z.array(z.number()),
    holds: z.array(z.enum(HOLDINGS)),
    has_written: z.boolean(),
    query: z.nullable(z.string()),
  }),
};
export type SessionRow = z.infer<typeof SESSIONS.row>;
