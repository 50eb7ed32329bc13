import { RDS_LOGINS } from '../../../core/server/session.ts';
import type { Grant } from '../../shared/grants.ts';
import { quoteBody, quoteLiteral, quoteName } from './quote.ts';

interface LimitGrantOptions {
  readonly responder: string;
  /** The database the responder logs in to: the routines live there. */
  readonly database: string;
  /** Whose connections Headroom may limit for as long as an incident lasts. */
  readonly users: readonly string[];
}

/** The literals that the routines hold. */
interface Names {
  readonly responder: string;
  readonly users: string;
}

/** Every routine of ours runs with it, so that no name of anybody else's comes before the catalogue's. */
const OWN_PATH = 'SET search_path = pg_catalog, pg_temp';

/**
 * Stops where somebody else has a hand in the schema: who owns a function may replace it at any time, and the routines
 * call each other as the administrator.
 */
function ownership(database: string): string {
  const body = `DECLARE
  thing text;
  owner name;
BEGIN
  IF current_database() <> ${database} THEN
    RAISE EXCEPTION 'run this in the database %, which the responder logs in to', quote_ident(${database});
  END IF;
  SELECT found.thing, r.rolname INTO thing, owner
    FROM (
      SELECT 'the schema headroom' AS thing, n.nspowner AS owner FROM pg_namespace AS n WHERE n.nspname = 'headroom'
      UNION ALL
      SELECT format('headroom.%I', p.proname), p.proowner
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = 'headroom'
      UNION ALL
      SELECT format('headroom.%I', c.relname), c.relowner
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'headroom'
    ) AS found
    JOIN pg_roles AS r ON r.oid = found.owner
    WHERE r.rolname <> current_user;
  IF FOUND THEN
    RAISE EXCEPTION '% belongs to %, not to you', thing, quote_ident(owner)
      USING HINT = 'look at it, then DROP SCHEMA headroom CASCADE; or run this as its owner';
  END IF;
END`;
  return `DO ${quoteBody(body)}`;
}

/** Why a role may not be limited; NULL when it may. Runs as the owner of the routines that call it. */
function refusal({ responder, users }: Names): string {
  const body = `  SELECT CASE
    WHEN session_user <> ${responder} THEN 'only the responder of Headroom may limit it'
    WHEN wanted <> ALL (${users}) THEN 'no administrator has allowed to limit it'
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
  WHERE o.rolname = current_user`;
  return `CREATE FUNCTION headroom.limit_refusal(wanted name) RETURNS text
LANGUAGE sql STABLE ${OWN_PATH} AS ${quoteBody(body)}`;
}

function listing({ users }: Names): string {
  const body = `  SELECT r.rolname, r.rolconnlimit, headroom.limit_refusal(r.rolname)
  FROM pg_roles AS r
  WHERE r.rolname = ANY (${users})`;
  return `CREATE FUNCTION headroom.connection_limits()
RETURNS TABLE (role_name name, connection_limit int, refusal text)
LANGUAGE sql STABLE SECURITY DEFINER ${OWN_PATH} AS ${quoteBody(body)}`;
}

/** Compares and sets. 0 would lock the role out; where a role has it, a person chose that. */
const LIMITING = `CREATE FUNCTION headroom.limit_connections(wanted name, old_limit int, new_limit int)
RETURNS int
LANGUAGE plpgsql SECURITY DEFINER ${OWN_PATH} AS $limiting$
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
 * belong to the administrator who runs this, and that hold the list of the roles. To be run again with another list, in
 * one transaction. Throws when a name cannot be a PostgreSQL name.
 */
export function limitGrants({ responder, database, users }: LimitGrantOptions): readonly Grant[] {
  const to = quoteName('responder', responder);
  quoteName('database', database);
  for (const user of users) quoteName('cap-users', user);
  const names = {
    responder: quoteLiteral(responder),
    users: `ARRAY[${users.map(quoteLiteral).join(', ')}]::name[]`,
  };
  return [
    {
      sql: ownership(quoteLiteral(database)),
      why: 'Temporary connection limits. What is in the schema headroom must be yours.',
    },
    {
      sql:
        'DROP FUNCTION IF EXISTS headroom.limit_connections(name, int, int), headroom.connection_limits(), ' +
        'headroom.limit_refusal(name)',
      why: 'What an earlier run has made is made anew.',
    },
    { sql: 'DROP TABLE IF EXISTS headroom.limitable_roles', why: 'The list of earlier versions.' },
    { sql: 'DROP SCHEMA IF EXISTS headroom', why: 'Only if nothing else is in it.' },
    { sql: 'CREATE SCHEMA headroom', why: 'For the routines: yours, and empty.' },
    {
      sql: refusal(names),
      why:
        'Whom Headroom may limit for as long as an incident lasts: these, and no others of earlier runs. Superusers, ' +
        'administrators and the platform are refused whatever the list says.',
    },
    { sql: listing(names), why: 'Lists these roles with their limits.' },
    {
      sql: LIMITING,
      why: 'Changes a limit if the old one is still set, and returns the one it found.',
    },
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
