import { commentSafe, SPARES_ADMINISTRATORS, type Grant } from '../../shared/grants.ts';
import { quoteBody, quoteLiteral, quoteName } from './quote.ts';

/** What the statements depend on. Names are taken as they are: any name PostgreSQL accepts is quoted correctly. */
export interface GrantOptions {
  readonly major: number;
  /** RDS or Aurora, where the administrator is a member of rds_superuser and no customer login is a superuser. */
  readonly isRds: boolean;
  readonly auth: 'iam' | 'password';
  readonly responder: string;
  readonly canary: string;
  /** The database both log in to. */
  readonly database: string;
}

/**
 * The logins to create: the responder may see, signal and (where the platform has it) use a reserved slot; the canary
 * may only connect. Passwords are not part of it. Throws when a name cannot be a PostgreSQL name.
 */
export function loginGrants(options: GrantOptions): readonly Grant[] {
  const responder = quoteName('responder', options.responder);
  const canary = quoteName('canary', options.canary);
  const database = quoteName('database', options.database);
  return [
    createLogin(options.responder, responder, "The responder: Headroom's own login."),
    { sql: `GRANT pg_monitor TO ${responder}`, why: "It sees every session's state, age and locks." },
    {
      sql: `GRANT pg_signal_backend TO ${responder}`,
      why: 'It may cancel queries and end sessions of ordinary users, never of superusers.',
    },
    ...(options.isRds ? [SPARES_ADMINISTRATORS] : []),
    reserve(options, responder),
    { sql: `GRANT CONNECT ON DATABASE ${database} TO ${responder}`, why: 'It logs in here.' },
    {
      sql: `ALTER ROLE ${responder} SET idle_session_timeout = 0`,
      why: 'Its session stays open between snapshots: the surest way into a full server.',
    },
    createLogin(options.canary, canary, 'The canary: logs in as ordinary clients do, and may do nothing else.'),
    { sql: `GRANT CONNECT ON DATABASE ${database} TO ${canary}`, why: 'It logs in here.' },
    ...(options.auth === 'iam' ? iamGrants(responder, canary) : [passwordRemark(responder, canary)]),
  ];
}

/**
 * A login that is there already is used only if nobody has it in hand who lacks the power that it gets: whoever makes a
 * role may do as that role from PostgreSQL 16 on.
 */
function createLogin(name: string, quoted: string, why: string): Grant {
  const literal = quoteLiteral(name);
  const body = `DECLARE
  holder name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${literal}) THEN
    CREATE ROLE ${quoted} LOGIN;
  END IF;
  SELECT member.rolname INTO holder
    FROM pg_auth_members AS m
    JOIN pg_roles AS role ON role.oid = m.roleid
    JOIN pg_roles AS member ON member.oid = m.member
    WHERE role.rolname = ${literal} AND member.rolname <> current_user
      AND NOT pg_has_role(member.oid, 'pg_signal_backend', 'MEMBER');
  IF FOUND THEN
    RAISE EXCEPTION 'the role % may act as %, which is to be a login of Headroom alone',
      quote_ident(holder), quote_ident(${literal})
      USING HINT = format('REVOKE %I FROM %I, or use another name', ${literal}, holder);
  END IF;
END`;
  return { sql: `DO ${quoteBody(body)}`, why };
}

function reserve({ major, isRds }: GrantOptions, responder: string): Grant {
  if (major >= 16) {
    const sql = `GRANT pg_use_reserved_connections TO ${responder}`;
    const why = 'It may use the slots that reserved_connections sets aside (set that to 3 or so; it needs a restart).';
    if (!isRds) return { sql, why };
    const body = `BEGIN
  ${sql};
EXCEPTION WHEN insufficient_privilege THEN
  RAISE WARNING 'no reserved slots: %', SQLERRM;
END`;
    return {
      sql: `DO ${quoteBody(body)}`,
      why: `${why} If your administrator lacks ADMIN OPTION, the warm session and patience remain.`,
    };
  }
  return {
    sql: null,
    why: isRds
      ? 'Before PostgreSQL 16 only rds_superuser has reserved slots, and that is more than the responder needs: ' +
        'it relies on its warm session and on patience. ' +
        `If you accept it: GRANT rds_superuser TO ${commentSafe(responder)};`
      : 'Before PostgreSQL 16 only a superuser has reserved slots: ' +
        'the responder relies on its warm session and on patience.',
  };
}

function iamGrants(responder: string, canary: string): readonly Grant[] {
  return [responder, canary].map((role) => ({
    sql: `GRANT rds_iam TO ${role}`,
    why: 'It logs in with an IAM token instead of a password.',
  }));
}

function passwordRemark(responder: string, canary: string): Grant {
  return {
    sql: null,
    why:
      'Set both passwords so that no log keeps them: ' +
      `\\password ${commentSafe(responder)} and \\password ${commentSafe(canary)}`,
  };
}
