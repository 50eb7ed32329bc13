import { RDS_LOGINS } from '../../../core/server/session.ts';
import type { Grant } from '../../shared/grants.ts';
import { quoteLiteral, quoteName } from './grants.ts';

interface LimitGrantOptions {
  readonly responder: string;
  /** The database the responder logs in to: the routines live there. */
  readonly database: string;
  /** Whose connections Headroom may limit for as long as an incident lasts. */
  readonly users: readonly string[];
}

/** Why a role may not be limited; NULL when it may. Runs as the owner of the routines that call it. */
const REFUSAL = `CREATE OR REPLACE FUNCTION headroom.limit_refusal(wanted name) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $refusal$
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM headroom.limitable_roles AS a WHERE a.role_name = wanted)
      THEN 'no administrator has allowed to limit it'
    WHEN r.rolsuper THEN 'it is a superuser'
    WHEN r.rolcreaterole OR r.rolreplication THEN 'it is an administrator or replicates'
    WHEN wanted IN (${RDS_LOGINS.map(quoteLiteral).join(', ')}) OR starts_with(wanted::text, 'pg_') THEN 'it belongs to the platform'
    WHEN wanted = session_user THEN 'it is the login that asks'
    WHEN EXISTS (
      SELECT FROM pg_roles AS g WHERE g.rolname = 'rds_superuser' AND pg_has_role(r.oid, g.oid, 'MEMBER')
    ) THEN 'it is an administrator'
    WHEN NOT o.rolsuper
      AND NOT (o.rolcreaterole AND (
        current_setting('server_version_num')::int < 160000
        OR pg_has_role(o.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
      ))
      THEN format('%I, who owns the routine, may not alter it: GRANT %I TO %I WITH ADMIN OPTION',
                  o.rolname, wanted, o.rolname)
  END
  FROM pg_roles AS o LEFT JOIN pg_roles AS r ON r.rolname = wanted
  WHERE o.rolname = current_user
$refusal$`;

const LISTING = `CREATE OR REPLACE FUNCTION headroom.connection_limits()
RETURNS TABLE (role_name name, connection_limit int, refusal text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $listing$
  SELECT r.rolname, r.rolconnlimit, headroom.limit_refusal(r.rolname)
  FROM headroom.limitable_roles AS a
  JOIN pg_roles AS r ON r.rolname = a.role_name
$listing$`;

/** Compares and sets. 0 would lock the role out; where a role has it, a person chose that. */
const LIMITING = `CREATE OR REPLACE FUNCTION headroom.limit_connections(wanted name, old_limit int, new_limit int)
RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $limiting$
DECLARE
  refusal text := headroom.limit_refusal(wanted);
  found_limit int;
BEGIN
  IF refusal IS NOT NULL THEN
    RAISE EXCEPTION 'the role % may not be limited: %', quote_ident(wanted), refusal USING ERRCODE = '42501';
  END IF;
  IF new_limit IS NULL OR new_limit < -1 OR new_limit = 0 THEN
    RAISE EXCEPTION 'a limit is 1 or more, or -1 for none; % is neither', coalesce(new_limit::text, 'NULL')
      USING ERRCODE = '22023';
  END IF;
  SELECT rolconnlimit INTO found_limit FROM pg_roles WHERE rolname = wanted;
  IF found_limit = old_limit AND found_limit <> new_limit THEN
    EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s', wanted, new_limit);
  END IF;
  RETURN found_limit;
END
$limiting$`;

/**
 * What lets Headroom limit the connections of some roles for a while, and change nothing else about them: routines that
 * belong to the administrator who runs this, with a list of the roles. Throws when a name cannot be a PostgreSQL name.
 */
export function limitGrants({ responder, database, users }: LimitGrantOptions): readonly Grant[] {
  const to = quoteName('responder', responder);
  const rows = users.map((user) => {
    quoteName('cap-users', user);
    return `(${quoteLiteral(user)})`;
  });
  quoteName('database', database);
  return [
    {
      sql: null,
      why:
        'Temporary connection limits. ' +
        `Run the rest in the database ${JSON.stringify(database)}, which the responder logs in to.`,
    },
    { sql: 'CREATE SCHEMA headroom', why: 'For the routines; must not exist yet, so that it is yours.' },
    {
      sql: 'CREATE TABLE IF NOT EXISTS headroom.limitable_roles (role_name name PRIMARY KEY)',
      why: 'The roles that may be limited. Only you read and change it.',
    },
    {
      sql: `INSERT INTO headroom.limitable_roles VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING`,
      why: 'Whom Headroom may limit for as long as an incident lasts.',
    },
    { sql: REFUSAL, why: 'Superusers, administrators and the platform are refused whatever the list says.' },
    { sql: LISTING, why: 'Lists these roles with their limits.' },
    { sql: LIMITING, why: 'Changes a limit if the old one is still set, and returns the one it found.' },
    {
      sql:
        'REVOKE ALL ON FUNCTION headroom.limit_refusal(name), headroom.connection_limits(), ' +
        'headroom.limit_connections(name, int, int) FROM PUBLIC',
      why: 'By default every login may call a function.',
    },
    { sql: `GRANT USAGE ON SCHEMA headroom TO ${to}`, why: 'The responder alone finds them,' },
    {
      sql:
        'GRANT EXECUTE ON FUNCTION headroom.connection_limits(), headroom.limit_connections(name, int, int) ' +
        `TO ${to}`,
      why: 'and calls them.',
    },
  ];
}
