import { RDS_LOGINS, SERVER_USERS } from '../../../core/server/session.ts';
import type { Grant } from '../../shared/grants.ts';
import { accountOf, type GrantOptions } from './grants.ts';

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

/**
 * Limits belong to accounts, and sessions show users: where a user has several accounts, a session does not show which
 * of them is its own.
 */
const listing = (
  engine: LimitGrantOptions['engine'],
) => `CREATE OR REPLACE SQL SECURITY DEFINER VIEW headroom.connection_limits AS
SELECT
  l.user_name,
  MAX(u.Host) AS host,
  MAX(u.max_user_connections) AS connection_limit,
  CASE
    WHEN COUNT(u.User) = 0 THEN NULL
    WHEN COUNT(u.User) > 1 THEN 'it has several accounts, and each would have a limit of its own'
    WHEN MAX(u.Super_priv) = 'Y' OR MAX(u.Create_user_priv) = 'Y' OR MAX(u.Repl_slave_priv) = 'Y'
      OR MAX(EXISTS (${ADMINISTRATORS[engine]})) = 1
      THEN 'it is an administrator or replicates'
    WHEN l.user_name IN (${['root', ...RDS_LOGINS, ...SERVER_USERS].map((name) => `'${name}'`).join(', ')})
      THEN 'it belongs to the platform'
    WHEN l.user_name = LEFT(USER(), CHAR_LENGTH(USER()) - LOCATE('@', REVERSE(USER())))
      THEN 'it is the login that asks'
  END AS refusal
FROM headroom.limitable_users AS l
LEFT JOIN mysql.user AS u ON u.User = l.user_name
GROUP BY l.user_name`;

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
 * that belongs to the administrator who runs this, with a list of the users. Throws when a name cannot be an account's.
 */
export function limitGrants({ engine, responder, from, users }: LimitGrantOptions): readonly Grant[] {
  const to = accountOf('responder', responder, from);
  const rows = users.map((user) => {
    accountOf('cap-users', user, '%');
    return `(${hexLiteral(user)})`;
  });
  const named = users.map((user) => JSON.stringify(user));
  return [
    { sql: null, why: 'Temporary connection limits. Give the whole of a routine to the client as one statement.' },
    { sql: 'CREATE DATABASE headroom', why: 'For the routine; must not exist yet, so that it is yours.' },
    {
      sql:
        'CREATE TABLE IF NOT EXISTS headroom.limitable_users ' +
        '(user_name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY)',
      why: 'The users that may be limited. Only you read and change it.',
    },
    {
      sql: `INSERT IGNORE INTO headroom.limitable_users VALUES ${rows.join(', ')}`,
      why: `Whom Headroom may limit for as long as an incident lasts: ${named.join(', ')}`,
    },
    {
      sql: listing(engine),
      why:
        'Lists these users with their limits. ' + 'Administrators and the platform are refused whatever the list says.',
    },
    { sql: LIMITING, why: 'Changes a limit if the old one is still set, and returns the one it found.' },
    { sql: `GRANT SELECT ON headroom.connection_limits TO ${to}`, why: 'The responder reads it,' },
    { sql: `GRANT EXECUTE ON PROCEDURE headroom.limit_connections TO ${to}`, why: 'and calls it.' },
  ];
}

/** The same under every sql_mode and character set of the client. */
function hexLiteral(text: string): string {
  return `_utf8mb4 0x${Buffer.from(text).toString('hex')}`;
}
