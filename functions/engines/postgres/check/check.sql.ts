import * as z from 'zod/mini';

/** Roles whose members get in when ordinary clients are refused, as far as the version and platform have them. */
export const RESERVED_ROLES = ['pg_use_reserved_connections', 'rds_superuser', 'rds_reserved'] as const;

/**
 * Who are we, how did we connect, and what may keep our logins out?
 * 14 and later; no privileges. $1: further users that are Headroom's own. $2: RESERVED_ROLES.
 * A login that expires within two weeks counts as a limit.
 */
export const SELF = {
  sql: /* SQL */ `
    SELECT
      extract(epoch FROM clock_timestamp())::float8 * 1000 AS clock_ms,
      session_user::text AS "user",
      current_database()::text AS database,
      (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS tls_version,
      EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_superuser') AS is_managed,
      (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS is_superuser,
      (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = session_user) AS is_administrator,
      EXISTS (
        SELECT FROM pg_shdepend AS s
        JOIN pg_roles AS r ON r.oid = s.refobjid
        WHERE r.rolname = session_user AND s.refclassid = 'pg_authid'::regclass AND s.classid = 'pg_class'::regclass
          AND s.deptype IN ('o', 'a')
      ) AS has_tables,
      ARRAY(
        SELECT rolname::text FROM pg_roles
        WHERE rolname = ANY ($2::text[]) AND pg_has_role(session_user, oid, 'USAGE')
      ) AS reserved_roles,
      (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database_limit,
      (
        SELECT jsonb_agg(jsonb_build_object(
                 'quoted', quote_ident(rolname),
                 'limit', rolconnlimit,
                 'expires', (SELECT rolvaliduntil::text WHERE rolvaliduntil < clock_timestamp() + interval '14 days')
               ) ORDER BY rolname <> session_user)
        FROM pg_roles
        WHERE rolname = session_user OR rolname = ANY ($1::text[])
      ) AS logins`,
  row: z.object({
    clock_ms: z.number(),
    user: z.string(),
    database: z.string(),
    tls_version: z.nullable(z.string()),
    is_managed: z.boolean(),
    is_superuser: z.boolean(),
    is_administrator: z.boolean(),
    has_tables: z.boolean(),
    reserved_roles: z.array(z.string()),
    database_limit: z.number(),
    logins: z.array(z.object({ quoted: z.string(), limit: z.number(), expires: z.nullable(z.string()) })),
  }),
};
export type SelfRow = z.infer<typeof SELF.row>;

/**
 * What do we see of other users' sessions? All versions; needs pg_read_all_stats to see anything.
 * $1: further users that are Headroom's own. $2: RDS_LOGINS. $3: OWN_APPLICATION. A session whose type is
 * hidden is one we may not see.
 */
export const SIGHT = {
  sql: /* SQL */ `
    SELECT
      count(*)::int AS others,
      (count(*) FILTER (WHERE a.backend_type IS NULL))::int AS hidden,
      (count(*) FILTER (WHERE a.state = 'disabled'))::int AS untracked,
      (count(*) FILTER (
        WHERE a.datname = current_database() AND coalesce(a.usename, '') <> ALL ($2::text[])
          AND NOT coalesce(r.rolsuper, false) AND NOT (a.usename = ANY ($1::text[]) AND a.application_name = $3) IS TRUE
      ))::int AS neighbours
    FROM pg_stat_activity AS a
    LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
    WHERE (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL))
      AND NOT (a.usename = session_user AND a.application_name = $3) IS TRUE`,
  row: z.object({ others: z.number(), hidden: z.number(), untracked: z.number(), neighbours: z.number() }),
};

/**
 * Which sessions are of logins that may use reserved slots? All versions; no privileges: every login sees who is
 * connected and with which application name. $1: further users that are Headroom's own. $2: RESERVED_ROLES.
 * $3: RDS_LOGINS. $4: OWN_APPLICATION.
 */
export const HOLDERS = {
  sql: /* SQL */ `
    SELECT a.usename::text AS "user", coalesce(a.application_name, '') AS application, count(*)::int AS sessions
    FROM pg_stat_activity AS a
    JOIN pg_roles AS r ON r.oid = a.usesysid
    WHERE (a.backend_type = 'client backend' OR (a.backend_type IS NULL AND a.datid IS NOT NULL))
      AND NOT (a.usename = ANY ($1::text[] || session_user::text) AND a.application_name = $4)
      AND a.usename <> ALL ($3::text[])
      AND (r.rolsuper OR EXISTS (
        SELECT FROM pg_roles AS g WHERE g.rolname = ANY ($2::text[]) AND pg_has_role(r.oid, g.oid, 'USAGE')
      ))
    GROUP BY 1, 2
    ORDER BY sessions DESC, 1, 2
    LIMIT 20`,
  row: z.object({ user: z.string(), application: z.string(), sessions: z.number() }),
};

/** Do we see what this session does? $1: its pid. Needs pg_read_all_stats for another user's. */
export const STATE_OF = {
  sql: /* SQL */ `SELECT state FROM pg_stat_activity WHERE pid = $1`,
  row: z.object({ state: z.nullable(z.string()) }),
};

/**
 * May we end this session, and cancel its query? As an act does it: with the function that it uses. A cancel request
 * does nothing to a session that is idle. $1: its pid. $2: its user, so that another session that has taken over the
 * pid is left alone. Raises 42501 without pg_signal_backend, or where the function may not be called. No row when the
 * canary is a superuser, whose sessions we may not signal.
 */
const trySignal = (name: 'pg_cancel_backend' | 'pg_terminate_backend') => ({
  sql: /* SQL */ `
    SELECT ${name}(a.pid) AS signalled
    FROM pg_stat_activity AS a
    JOIN pg_roles AS r ON r.oid = a.usesysid
    WHERE a.pid = $1 AND a.usename = $2 AND NOT r.rolsuper`,
  row: z.object({ signalled: z.boolean() }),
});
export const TRY_CANCEL = trySignal('pg_cancel_backend');
export const TRY_TERMINATE = trySignal('pg_terminate_backend');

/**
 * What may this login do beyond connecting? Run by the canary itself. All versions; no privileges.
 * Membership in rds_iam is how it logs in. What it owns or was granted shows in pg_shdepend, for every database.
 */
export const POWERS = {
  sql: /* SQL */ `
    WITH me AS (SELECT * FROM pg_roles WHERE rolname = session_user)
    SELECT attribute AS name
    FROM me, LATERAL (VALUES
      ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb),
      ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)
    ) AS attributes (attribute, is_set)
    WHERE is_set
    UNION ALL
    SELECT format('member of %s', g.rolname)
    FROM me
    JOIN pg_auth_members AS m ON m.member = me.oid
    JOIN pg_roles AS g ON g.oid = m.roleid
    WHERE g.rolname <> 'rds_iam'
    UNION ALL
    SELECT format('rights on %s objects in database %s', count(*), d.datname)
    FROM me
    JOIN pg_shdepend AS s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = me.oid AND s.deptype IN ('o', 'a')
    JOIN pg_database AS d ON d.oid = s.dbid OR (s.dbid = 0 AND d.datname = current_database())
    WHERE NOT (s.classid = 'pg_database'::regclass AND s.deptype = 'a')
    GROUP BY d.datname`,
  row: z.object({ name: z.string() }),
};

/** Our own backend, and its user. */
export const OWN_BACKEND = {
  sql: /* SQL */ `SELECT pg_backend_pid() AS pid, session_user::text AS "user"`,
  row: z.object({ pid: z.number(), user: z.string() }),
};
export type OwnBackend = z.infer<typeof OWN_BACKEND.row>;

/** Settings as this session has them; those that the version does not know have no row. $1: names. */
export const SETTINGS = {
  sql: /* SQL */ `
    SELECT name, setting, unit, current_setting(name) AS shown, pending_restart
    FROM pg_settings
    WHERE name = ANY ($1::text[])`,
  row: z.object({
    name: z.string(),
    setting: z.string(),
    unit: z.nullable(z.string()),
    shown: z.string(),
    pending_restart: z.boolean(),
  }),
};
export type SettingRow = z.infer<typeof SETTINGS.row>;
