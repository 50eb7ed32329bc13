import * as z from 'zod/mini';

/**
 * How many slots are there, who is this server, what may we see and do, and what has it counted?
 * 14 and later; no privileges (a missing one is what it reports).
 * $1: false leaves out what only a snapshot needs: then deadlocks, prepared and at_limit are null.
 * Reserves the version or platform does not have are left out.
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
      quote_ident(session_user) AS quoted_user,
      (SELECT sum(sessions)::float8 FROM pg_stat_database) AS sessions_opened,
      CASE WHEN $1 THEN (SELECT sum(deadlocks)::float8 FROM pg_stat_database) END AS deadlocks,
      CASE WHEN $1 THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'gid', quote_literal(gid),
                 'owner', owner,
                 'database', database,
                 'ageMs', round(extract(epoch FROM clock_timestamp() - prepared) * 1000)
               )), '[]')
        FROM pg_prepared_xacts
      ) END AS prepared,
      CASE WHEN $1 THEN (
        SELECT coalesce(jsonb_agg(jsonb_build_object('of', kind, 'name', name, 'limit', most)), '[]')
        FROM (
          SELECT 'user' AS kind, r.rolname::text AS name, r.rolconnlimit AS most
          FROM pg_roles AS r
          JOIN pg_stat_activity AS a ON a.usesysid = r.oid AND a.datid IS NOT NULL
          WHERE r.rolconnlimit > 0 AND NOT r.rolsuper
          GROUP BY r.rolname, r.rolconnlimit
          HAVING count(*) >= r.rolconnlimit
          UNION ALL
          SELECT 'database', d.datname::text, d.datconnlimit
          FROM pg_database AS d
          JOIN pg_stat_database AS s ON s.datid = d.oid
          WHERE d.datconnlimit > 0 AND s.numbackends >= d.datconnlimit
        ) AS limited
      ) END AS at_limit`,
  row: z.object({
    version: z.string(),
    major: z.number(),
    identity: z.string(),
    read_only: z.boolean(),
    max_connections: z.number(),
    reserves: z.array(z.object({ name: z.string(), slots: z.number() })),
    sees_sessions: z.boolean(),
    may_signal: z.boolean(),
    quoted_user: z.string(),
    sessions_opened: z.nullable(z.number()),
    deadlocks: z.nullable(z.number()),
    at_limit: z.nullable(z.array(z.object({ of: z.enum(['user', 'database']), name: z.string(), limit: z.number() }))),
    prepared: z.nullable(
      z.array(z.object({ gid: z.string(), owner: z.string(), database: z.string(), ageMs: z.number() })),
    ),
  }),
};
