import { RDS_LOGINS, SERVER_USERS } from '../../../core/server/session.ts';
import type { Grant } from '../../shared/grants.ts';
import { accountOf, isGiven, type GrantOptions, type Privilege } from './grants.ts';

interface LimitGrantOptions {
  readonly engine: GrantOptions['engine'];
  readonly responder: string;
  readonly from: string;
  /** Whose connections Headroom may limit for as long as an incident lasts: names of users, without their hosts. */
  readonly users: readonly string[];
}

/** Who is above others by a privilege that mysql.user does not show. */
const ADMINISTRATORS = {
  mysql: `SELECT 1 FROM mysql.global_grants AS g
      WHERE g.USER = u.User AND g.PRIV IN ('SYSTEM_USER', 'CONNECTION_ADMIN', 'ROLE_ADMIN', 'XA_RECOVER_ADMIN')`,
  mariadb: `SELECT 1 FROM mysql.roles_mapping AS g WHERE g.User = u.User AND g.Admin_option = 'Y'`,
} as const satisfies Record<LimitGrantOptions['engine'], string>;

/** The user that has logged in, whoever's rights a routine runs with. */
const ASKER = `LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER())))`;

/**
 * Limits belong to accounts, and sessions show users: where a user has several accounts, a session does not show which
 * of them is its own. The list is in the view itself: a table has no owner here, and whoever may create one in this
 * database could have put a view in its place, which would run with the administrator's rights.
 */
function listing(engine: LimitGrantOptions['engine'], responder: string, users: readonly string[]): string {
  const rows = users.map((user, n) => `SELECT ${literal(user)}${n === 0 ? ' AS user_name' : ''}`);
  return `CREATE SQL SECURITY DEFINER VIEW headroom.connection_limits AS
SELECT
  l.user_name,
  MAX(u.Host) AS host,
  MAX(u.max_user_connections) AS connection_limit,
  CASE
    WHEN COUNT(u.User) = 0 THEN NULL
    WHEN ${ASKER} <> ${literal(responder)} THEN 'only the responder of Headroom may limit it'
    WHEN COUNT(u.User) > 1 THEN 'it has several accounts, and each would have a limit of its own'
    WHEN ${['Super_priv', 'Create_user_priv', 'Repl_slave_priv'].map((name) => isGiven(`MAX(u.${name})`)).join(' OR ')}
      OR MAX(EXISTS (${ADMINISTRATORS[engine]})) = 1
      THEN 'it is an administrator or replicates'
    WHEN l.user_name IN (${['root', ...RDS_LOGINS, ...SERVER_USERS].map((name) => `'${name}'`).join(', ')})
      THEN 'it belongs to the platform'
    WHEN l.user_name = ${ASKER} THEN 'it is the login that asks'
  END AS refusal
FROM (${rows.join(' UNION ALL ')}) AS l
LEFT JOIN mysql.user AS u ON u.User = l.user_name
GROUP BY l.user_name`;
}

/**
 * Compares and sets; without an account it finds NULL. 0 is no limit. It quotes identifiers itself: the result of QUOTE
 * depends on the sql_mode.
 */
const LIMITING = `CREATE PROCEDURE headroom.limit_connections(
  IN wanted VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  IN old_limit INT, IN new_limit INT, OUT found_limit INT
) SQL SECURITY DEFINER
BEGIN
  DECLARE known INT DEFAULT 0;
  DECLARE place VARCHAR(255) DEFAULT NULL;
  DECLARE why VARCHAR(200) DEFAULT NULL;
  SELECT COUNT(*), MAX(host), MAX(connection_limit), MAX(refusal) INTO known, place, found_limit, why
    FROM headroom.connection_limits WHERE user_name = wanted;
  IF known = 0 THEN SET why = 'no administrator has allowed to limit it'; END IF;
  IF why IS NOT NULL THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = why; END IF;
  IF new_limit IS NULL OR new_limit < 0 OR new_limit > 1000000 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a limit is 1 or more, or 0 for none';
  END IF;
  IF place IS NULL THEN
    SET found_limit = NULL;
  ELSEIF found_limit = old_limit AND found_limit <> new_limit THEN
    SET @headroom_statement = CONCAT(
      'ALTER USER \`', REPLACE(wanted, '\`', '\`\`'), '\`@\`', REPLACE(place, '\`', '\`\`'),
      '\` WITH MAX_USER_CONNECTIONS ', new_limit
    );
    PREPARE headroom_limiting FROM @headroom_statement;
    EXECUTE headroom_limiting;
    DEALLOCATE PREPARE headroom_limiting;
  END IF;
END`;

/**
 * What lets Headroom limit the connections of some users for a while, and change nothing else about them: a routine
 * that belongs to the administrator who runs this, with a list of the users. To be run again with another list. Throws
 * when a name cannot be an account's.
 */
export function limitGrants({ engine, responder, from, users }: LimitGrantOptions): readonly Grant[] {
  const to = accountOf('responder', responder, from);
  for (const user of users) accountOf('cap-users', user, '%');
  const named = users.map((user) => JSON.stringify(user));
  return [
    { sql: 'CREATE DATABASE IF NOT EXISTS headroom', why: 'Temporary connection limits: for the routine.' },
    {
      sql: 'DROP PROCEDURE IF EXISTS headroom.limit_connections',
      why: 'What an earlier run has made, or somebody else, is made anew: it must be yours.',
    },
    { sql: 'DROP VIEW IF EXISTS headroom.connection_limits', why: 'The same.' },
    { sql: 'DROP TABLE IF EXISTS headroom.limitable_users', why: 'The list of earlier versions.' },
    {
      sql: listing(engine, responder, users),
      why:
        'Whom Headroom may limit for as long as an incident lasts, and no others of earlier runs: ' +
        `${named.join(', ')}. Administrators and the platform are refused whatever the list says.`,
    },
    {
      sql: LIMITING,
      why: 'Changes a limit if the old one is still set, and returns the one it found.',
      printed: `DELIMITER //\n${LIMITING}//\nDELIMITER ;`,
    },
    { sql: `GRANT SELECT ON headroom.connection_limits TO ${to}`, why: 'The responder reads it,' },
    { sql: `GRANT EXECUTE ON PROCEDURE headroom.limit_connections TO ${to}`, why: 'and calls it.' },
    ...ownerPrivileges(engine).map(({ grant, why }) => ({ sql: `GRANT ${grant} TO ${to}`, why })),
  ];
}

/** Before each use the responder looks whether both still belong to somebody who may create accounts. */
function ownerPrivileges(engine: LimitGrantOptions['engine']): readonly Privilege[] {
  const why = 'It sees whether both still belong to an administrator, and calls nothing else.';
  const columns = { grant: 'SELECT (User, Host, Create_user_priv) ON mysql.user', why };
  const roles = { grant: 'SELECT (FROM_USER, FROM_HOST, TO_USER, TO_HOST) ON mysql.role_edges', why };
  return engine === 'mysql' ? [columns, roles] : [columns];
}

/** A text with the collation of names; the same under every sql_mode and character set of the client. */
function literal(text: string): string {
  return `_utf8mb4 0x${Buffer.from(text).toString('hex')} COLLATE utf8mb4_bin`;
}
