import * as z from 'zod/mini';

/**
 * How many slots are there, who is this server, and what may we see and do? Nothing but functions that everybody may
 * call. 14 and later; no privileges (a missing one is what it reports). Reserves the version or platform does not have
 * are left out.
 */
export const LIMITS = {
  sql: /* SQL */ `
    SELECT
      current_setting('server_version') AS version,
      current_setting('server_version_num')::int / 10000 AS major,
      extract(epoch FROM pg_postmaster_start_time())::text AS identity,
      pg_is_in_recovery() AS read_only,
      current_setting('max_connections')::int AS max_connections,
      (
        SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'slots', slots)), '[]')
        FROM unnest(ARRAY[
               'superuser_reserved_connections',
               'reserved_connections',
               'rds.rds_superuser_reserved_connections',
               'rds.rds_reserved_connections'
             ]) AS name,
             CAST(nullif(current_setting(name, true), '') AS int) AS slots
        WHERE slots IS NOT NULL
      ) AS reserves,
      pg_has_role(session_user, 'pg_read_all_stats', 'USAGE') AS sees_sessions,
      pg_has_role(session_user, 'pg_signal_backend', 'USAGE') AS may_signal,
      has_function_privilege(session_user, 'pg_terminate_backend(integer, bigint)', 'EXECUTE') AS may_terminate,
      has_function_privilege(session_user, 'pg_cancel_backend(integer)', 'EXECUTE') AS may_cancel,
      quote_ident(session_user) AS quoted_user`,
  row: z.object({
    version: z.string(),
    major: z.number(),
    identity: z.string(),
    read_only: z.boolean(),
    max_connections: z.number(),
    reserves: z.array(z.object({ name: z.string(), slots: z.number() })),
    sees_sessions: z.boolean(),
    may_signal: z.boolean(),
    may_terminate: z.boolean(),
    may_cancel: z.boolean(),
    quoted_user: z.string(),
  }),
};

/** What has the server counted? 14 and later; everybody may read the view unless an administrator says otherwise. */
export const COUNTERS = {
  sql: /* SQL */ `
    SELECT
      sum(sessions)::float8 AS sessions_opened,
      sum(deadlocks)::float8 AS deadlocks,
      extract(epoch FROM max(stats_reset))::text AS counted_since
    FROM pg_stat_database`,
  row: z.object({
    sessions_opened: z.nullable(z.number()),
    deadlocks: z.nullable(z.number()),
    counted_since: z.nullable(z.string()),
  }),
};

/** Which transactions wait for their second phase? As for COUNTERS. */
export const PREPARED = {
  sql: /* SQL */ `
    SELECT
      quote_literal(gid) AS gid,
      owner::text AS owner,
      database::text AS database,
      round(extract(epoch FROM clock_timestamp() - prepared) * 1000)::float8 AS "ageMs"
    FROM pg_prepared_xacts`,
  row: z.object({ gid: z.string(), owner: z.string(), database: z.string(), ageMs: z.number() }),
};

/** Which users and databases are at a limit of their own? As for COUNTERS. */
export const AT_LIMIT = {
  sql: /* SQL */ `
    SELECT 'user' AS "of", r.rolname::text AS name, r.rolconnlimit AS "limit"
    FROM pg_roles AS r
    JOIN pg_stat_activity AS a ON a.usesysid = r.oid AND a.datid IS NOT NULL
    WHERE r.rolconnlimit > 0 AND NOT r.rolsuper
    GROUP BY r.rolname, r.rolconnlimit
    HAVING count(*) >= r.rolconnlimit
    UNION ALL
    SELECT 'database', d.datname::text, d.datconnlimit
    FROM pg_database AS d
    JOIN pg_stat_database AS s ON s.datid = d.oid
    WHERE d.datconnlimit > 0 AND s.numbackends >= d.datconnlimit`,
  row: z.object({ of: z.enum(['user', 'database']), name: z.string(), limit: z.number() }),
};
