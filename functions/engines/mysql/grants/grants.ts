import { commentSafe, SPARES_ADMINISTRATORS, type Grant } from '../../shared/grants.ts';

/** What the statements depend on. Names are taken as they are: any name the server accepts is quoted correctly. */
export interface GrantOptions {
  readonly engine: 'mysql' | 'mariadb';
  /** RDS or Aurora, where procedures end sessions and no login of the customer is above the others. */
  readonly isRds: boolean;
  readonly auth: 'iam' | 'password';
  readonly responder: string;
  readonly canary: string;
  /** Where the logins may come from, as in an account name: an address, a pattern such as `10.%`, or `%`. */
  readonly from: string;
}

/** A privilege the responder needs: what follows GRANT, up to TO. */
export interface Privilege {
  readonly grant: string;
  readonly why: string;
}

/** The tables of performance_schema that are read where they exist, and what each of them shows. */
const SCHEMA_TABLES: Readonly<Record<GrantOptions['engine'], readonly (readonly [string, string])[]>> = {
  mysql: [
    ['threads', 'It knows which thread serves which session.'],
    ['events_statements_current', 'It knows to the millisecond how long a session has been at work, or idle.'],
    ['events_transactions_current', 'It sees a transaction from its first statement on.'],
    ['data_lock_waits', 'It sees who waits for whose row locks.'],
    ['metadata_locks', 'It sees who waits for whose table locks, and who holds a GET_LOCK.'],
    ['session_connect_attrs', 'It sees which application a session belongs to.'],
  ],
  mariadb: [
    ['threads', 'It knows which thread serves which session.'],
    ['metadata_locks', 'It sees who waits for whose table locks, and who holds a GET_LOCK.'],
    ['session_connect_attrs', 'It sees which application a session belongs to.'],
  ],
};

export const SEES: Privilege = {
  grant: 'PROCESS ON *.*',
  why: "It sees every user's sessions and transactions.",
};

/** Where RDS's procedures do not exist; it brings the slot beyond max_connections too. */
export function killPrivilege(engine: GrantOptions['engine']): Privilege {
  return {
    grant: `${engine === 'mysql' ? 'CONNECTION_ADMIN' : 'CONNECTION ADMIN'} ON *.*`,
    why: "It may end ordinary users' sessions, and get in by the one slot beyond max_connections.",
  };
}

export const RDS_PROCEDURES = ['rds_kill', 'rds_kill_query'] as const;

export function procedurePrivilege(name: (typeof RDS_PROCEDURES)[number]): Privilege {
  return {
    grant: `EXECUTE ON PROCEDURE mysql.${name}`,
    why: name === 'rds_kill' ? 'It may end sessions the way RDS allows it.' : 'It may cancel their queries.',
  };
}

/**
 * To leave administrators alone it has to know who they are. On RDS only RDS itself has SUPER; people's way in is the
 * master user, who may create users and hand on what it may do.
 */
export function accountPrivileges(engine: GrantOptions['engine'], isRds: boolean): readonly Privilege[] {
  const why = isRds
    ? 'It sees who has the rights of the master user, and leaves them alone unless the policy lists them.'
    : 'It sees which users are administrators, and leaves them alone.';
  const roles = 'The same for administrators by way of a role.';
  const users = isRds ? 'User, Super_priv, Create_user_priv, Grant_priv' : 'User, Super_priv';
  return [
    { grant: `SELECT (${users}) ON mysql.user`, why },
    ...(engine === 'mysql' && !isRds ? [{ grant: 'SELECT (USER, PRIV) ON mysql.global_grants', why }] : []),
    engine === 'mysql'
      ? { grant: 'SELECT (FROM_USER, TO_USER) ON mysql.role_edges', why: roles }
      : { grant: 'SELECT (User, Role) ON mysql.roles_mapping', why: roles },
  ];
}

/** Optional: a user's own limit decides only what a person reads. */
export const SEES_LIMITS: Privilege = {
  grant: 'SELECT (User, max_user_connections) ON mysql.user',
  why: 'It can tell a user at a limit of its own from a server that is full.',
};

/**
 * Where performance_schema is off: a session at work may show the definer of its routine; an account's own host in place
 * of an address tells. And where locks do not show, who may take a backup's lock may hold it.
 */
export const SEES_ACCOUNTS: Privilege = {
  grant: 'SELECT (User, Host, Reload_priv) ON mysql.user',
  why: 'It can tell a client from the definer of a routine that the client runs, and who may be a backup.',
};

/** Optional: without it, a prepared transaction has no name. MariaDB shows it to everybody. */
const SEES_PREPARED: Privilege = {
  grant: 'XA_RECOVER_ADMIN ON *.*',
  why: 'It can tell the names of prepared transactions, and whether one is still there.',
};

/** Optional: without it, a copy that its name does not give away looks like any other long read. */
export const SEES_REPLICATORS: Privilege = {
  grant: 'SELECT (User, Repl_slave_priv) ON mysql.user',
  why: 'It sees which users may replicate, and spares the copies that they read.',
};

export function schemaPrivileges(engine: GrantOptions['engine']): readonly (Privilege & { readonly table: string })[] {
  return SCHEMA_TABLES[engine].map(([table, why]) => ({ table, grant: `SELECT ON performance_schema.${table}`, why }));
}

/**
 * The logins to create: the responder may see and end sessions; the canary may only connect. Passwords are not part of
 * it: both accounts stay locked until they have one. Throws when a name cannot be an account's.
 */
export function loginGrants(options: GrantOptions): readonly Grant[] {
  const { engine, isRds, auth } = options;
  const responder = accountOf('responder', options.responder, options.from);
  const canary = accountOf('canary', options.canary, options.from);
  const privileges = [
    SEES,
    ...(isRds ? RDS_PROCEDURES.map(procedurePrivilege) : [killPrivilege(engine)]),
    ...accountPrivileges(engine, isRds),
    ...schemaPrivileges(engine),
    SEES_LIMITS,
    SEES_ACCOUNTS,
    SEES_REPLICATORS,
    ...(engine === 'mysql' && !isRds ? [SEES_PREPARED] : []),
  ];
  return [
    { sql: `CREATE USER IF NOT EXISTS ${responder} ${login(auth)}`, why: "The responder: Headroom's own login." },
    ...privileges.map(({ grant, why }) => ({ sql: `GRANT ${grant} TO ${responder}`, why })),
    ...(isRds ? [SPARES_ADMINISTRATORS, reserveRemark(engine, responder)] : []),
    {
      sql: `CREATE USER IF NOT EXISTS ${canary} ${login(auth)}`,
      why: 'The canary: logs in as ordinary clients do, and may do nothing else.',
    },
    ...(auth === 'password' ? [passwordRemark(responder, canary)] : []),
  ];
}

/** An account without a password lets every client in, so it is locked until it has one. */
function login(auth: GrantOptions['auth']): string {
  return auth === 'iam' ? `IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL` : 'ACCOUNT LOCK';
}

function reserveRemark(engine: GrantOptions['engine'], responder: string): Grant {
  const { grant } = killPrivilege(engine);
  const why =
    'RDS lets nobody grant the one slot beyond max_connections: the warm session and patience remain.' +
    (engine === 'mysql' ? ` On Aurora MySQL 3 the master user can: GRANT ${grant} TO ${commentSafe(responder)};` : '');
  return { sql: null, why };
}

function passwordRemark(responder: string, canary: string): Grant {
  const [first, second] = [responder, canary].map(
    (account) => `ALTER USER ${commentSafe(account)} IDENTIFIED BY '…' ACCOUNT UNLOCK;`,
  );
  return { sql: null, why: `Give both a password, which unlocks them: ${first} and ${second}` };
}

/**
 * Whether a privilege of mysql.user is given. On MariaDB that is a view: its 'Y' has the collation that the server had
 * when it was installed, and comparing it with ours would be an error. Bytes have no collation.
 */
export function isGiven(privilege: string): string {
  return `CAST(${privilege} AS BINARY) = 'Y'`;
}

/** `user`@`host`, quoted so that no sql_mode changes its meaning. */
export function quoteAccount(user: string, host: string): string {
  return `${quote(user)}@${quote(host)}`;
}

/** CURRENT_USER() has no quotes; an address has no @ in it. */
export function quoteCurrentUser(account: string): string {
  const at = account.lastIndexOf('@');
  return quoteAccount(account.slice(0, at), account.slice(at + 1));
}

function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/**
 * Throws, naming the field, for what cannot be an account. MySQL takes 32 characters, MariaDB more; both take any
 * characters but zero bytes and those beyond the basic plane.
 */
export function accountOf(field: string, name: string, from: string): string {
  const length = [...name].length;
  if (length === 0 || length > 32 || /[\0\u{10000}-\u{10ffff}]/u.test(name) || name !== name.trimEnd()) {
    throw new Error(
      `${field}: ${JSON.stringify(name)} cannot be the name of an account; use 1 to 32 characters of the basic plane, ` +
        'without a zero byte and without blanks at the end',
    );
  }
  if (from === '' || from.length > 60 || !/^[\w.:%/-]+$/.test(from)) {
    throw new Error(
      `from: ${JSON.stringify(from)} is not where logins can come from; use an address or a pattern such as "10.%"`,
    );
  }
  return quoteAccount(name, from);
}
