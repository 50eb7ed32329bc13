import * as z from 'zod/mini';
import { HOLDINGS } from '../../../core/server/session.ts';
import { holds, LAST_STATEMENT, MAY_REPLICATE } from './holdings.sql.ts';

/**
 * Whose are the sessions: who is above the responder, who is people's way in on RDS, and who may replicate? 14 and
 * later; everybody may read pg_roles unless an administrator says otherwise. A role that was dropped has no row.
 */
export const ROLES = {
  sql: /* SQL */ `
    WITH RECURSIVE administrators (oid) AS (
      SELECT oid FROM pg_roles WHERE rolname = 'rds_superuser'
      UNION
      SELECT m.member FROM pg_auth_members AS m JOIN administrators AS a ON a.oid = m.roleid
    )
    SELECT
      r.oid::text AS oid,
      r.rolsuper AS superuser,
      r.oid IN (SELECT oid FROM administrators) AS administrator,
      (${MAY_REPLICATE}) AS may_replicate
    FROM pg_roles AS r
    WHERE r.oid IN (SELECT usesysid FROM pg_stat_get_activity(NULL))`,
  row: z.object({
    oid: z.string(),
    superuser: z.boolean(),
    administrator: z.boolean(),
    may_replicate: z.boolean(),
  }),
};
export type RoleRow = z.infer<typeof ROLES.row>;

/** Who holds an advisory lock, and since when does who wait for a lock? 14 and later; as for ROLES. */
export const LOCKS = {
  sql: /* SQL */ `
    SELECT
      pid,
      coalesce(bool_or(locktype = 'advisory' AND granted), false) AS holds_advisory,
      round(extract(epoch FROM clock_timestamp() - min(waitstart) FILTER (WHERE NOT granted)) * 1000)::float8
        AS wait_ms
    FROM pg_locks
    WHERE pid IS NOT NULL AND (locktype = 'advisory' OR NOT granted)
    GROUP BY pid`,
  row: z.object({ pid: z.number(), holds_advisory: z.boolean(), wait_ms: z.nullable(z.number()) }),
};
export type LocksRow = z.infer<typeof LOCKS.row>;

/**
 * Who is ahead of each session that waits for a lock? pg_blocking_pids takes the lock manager's locks, so it is called
 * only for those. At most 32 of each are kept, those that do not wait themselves first: all sessions ahead in a queue
 * of 1,000 would be 500,000 numbers. All versions; needs pg_read_all_stats.
 */
export const BLOCKERS = {
  sql: /* SQL */ `
    WITH activity AS MATERIALIZED (
      SELECT pid, wait_event_type = 'Lock' AS is_waiting FROM pg_stat_get_activity(NULL)
    )
    SELECT a.pid, ARRAY(
      SELECT blocker
      FROM (SELECT DISTINCT unnest(pg_blocking_pids(a.pid)) AS blocker) AS ahead
      LEFT JOIN activity AS b ON b.pid = blocker
      ORDER BY b.is_waiting IS TRUE, blocker
      LIMIT 32
    ) AS blocked_by
    FROM activity AS a
    WHERE a.is_waiting`,
  row: z.object({ pid: z.number(), blocked_by: z.array(z.number()) }),
};

/**
 * Who is connected, doing what, and for how long? From the function that pg_stat_activity reads: names are looked up
 * without its joins. 14 and later. Needs pg_read_all_stats: without it state, times and type of others' sessions are
 * NULL. $1: further users that are Headroom's own. $2: OWN_APPLICATION. $3: roles that may replicate, by number.
 * Times are seconds since 1970 as text: exact to the microsecond and the same under every TimeZone and DateStyle.
 * The role of a session may have been dropped since it logged in: then it has its number for a name. On a standby, the
 * startup process holds the locks of the primary's transactions, and clients may queue behind it.
 */
export const SESSIONS = {
  sql: /* SQL */ `
    SELECT
      a.pid,
      extract(epoch FROM a.backend_start)::text AS incarnation,
      a.backend_type,
      (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL)) AS takes_slot,
      (
        a.pid = pg_backend_pid()
        OR ((n.name = session_user OR n.name = ANY ($1::text[])) AND a.application_name = $2)
      ) IS TRUE AS own,
      (n.name = session_user) IS TRUE AS is_responder,
      (n.name = ANY ($1::text[])) IS TRUE AS is_canary,
      a.usesysid::text AS role,
      n.name::text AS "user",
      coalesce(a.application_name, '') AS application,
      d.datname::text AS database,
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
      ${holds('(a.usesysid::text = ANY ($3::text[])) IS TRUE')} AS holds,
      a.backend_xid IS NOT NULL AS has_written,
      s.said AS query
    FROM pg_stat_get_activity(NULL) AS a
    CROSS JOIN LATERAL (SELECT pg_get_userbyid(a.usesysid) AS name) AS n
    LEFT JOIN pg_database AS d ON d.oid = a.datid
    ${LAST_STATEMENT}
    WHERE a.backend_type IN ('client backend', 'walsender', 'startup') OR a.datid IS NOT NULL`,
  row: z.object({
    pid: z.number(),
    incarnation: z.nullable(z.string()),
    backend_type: z.nullable(z.string()),
    takes_slot: z.boolean(),
    own: z.boolean(),
    is_responder: z.boolean(),
    is_canary: z.boolean(),
    role: z.nullable(z.string()),
    user: z.nullable(z.string()),
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
    holds: z.array(z.enum(HOLDINGS)),
    has_written: z.boolean(),
    query: z.nullable(z.string()),
  }),
};
export type SessionRow = z.infer<typeof SESSIONS.row>;
