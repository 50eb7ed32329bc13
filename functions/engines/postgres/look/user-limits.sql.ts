import * as z from 'zod/mini';

/** No limit, as PostgreSQL writes it. */
export const NO_LIMIT = -1;

/**
 * Are the routines here, may we call them, and are they in the hands of administrators alone? Whoever owns a function,
 * or may put another one beside it, decides what our session does when it calls it; so does a search path that is not
 * the routine's own. All versions; no privileges.
 */
export const LIMIT_ROUTINES = {
  sql: /* SQL */ `
    WITH administrators AS (SELECT oid FROM pg_roles WHERE rolsuper OR rolcreaterole)
    SELECT
      count(*) = 3 AS present,
      coalesce(bool_and(
        p.proowner IN (SELECT oid FROM administrators)
        AND n.nspowner IN (SELECT oid FROM administrators)
        AND p.proconfig IS NOT DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']
        AND (p.prosecdef OR p.proname = 'limit_refusal')
        AND NOT EXISTS (
          SELECT FROM aclexplode(n.nspacl) AS a
          WHERE a.privilege_type = 'CREATE' AND a.grantee NOT IN (SELECT oid FROM administrators)
        )
      ), false) AS trusted,
      coalesce(bool_and(
        p.proname = 'limit_refusal' OR
        has_schema_privilege(session_user, n.oid, 'USAGE') AND has_function_privilege(session_user, p.oid, 'EXECUTE')
      ), false) AS may_call
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = 'headroom' AND (p.proname, oidvectortypes(p.proargtypes)) IN (
      ('limit_connections', 'name, integer, integer'), ('connection_limits', ''), ('limit_refusal', 'name')
    )`,
  row: z.object({ present: z.boolean(), trusted: z.boolean(), may_call: z.boolean() }),
};

/** Which roles may be limited, and how many connections may they have? Run only where LIMIT_ROUTINES finds no fault. */
export const USER_LIMITS = {
  sql: /* SQL */ `
    SELECT role_name::text AS "user", connection_limit AS "limit", refusal FROM headroom.connection_limits()`,
  row: z.object({ user: z.string(), limit: z.number(), refusal: z.nullable(z.string()) }),
};

/**
 * Changes the limit of a role and returns the one it found: where that is not $2, nothing was changed; NULL: there is
 * no such role. $1: role. $2: the limit it starts from. $3: the new one. $4: further users that are Headroom's own.
 * No row: the role is one of our own. Raises 42501 for a role that may not be limited, 22023 for a limit that is none.
 */
export const LIMIT_CONNECTIONS = {
  sql: /* SQL */ `
    SELECT headroom.limit_connections($1::name, $2::int, $3::int) AS found
    WHERE $1::text <> session_user::text AND $1::text <> ALL ($4::text[])`,
  row: z.object({ found: z.nullable(z.number()) }),
};

/** The present limit. $1: role. All versions; no privileges. */
export const LIMIT_OF = {
  sql: /* SQL */ `SELECT rolconnlimit AS "limit" FROM pg_roles WHERE rolname = $1::name`,
  row: z.object({ limit: z.number() }),
};
