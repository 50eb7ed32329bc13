import mysql, { type RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { MYSQL_FLAVOURS } from '../../../../../drill/servers/files/mysql-flavours.ts';
import { startMysql } from '../../../../../drill/servers/mysql.ts';
import { loginGrants, type GrantOptions } from '../../../../../functions/engines/mysql/grants/grants.ts';
import { renderGrants } from '../../../../../functions/engines/shared/grants.ts';

const options: GrantOptions = {
  engine: 'mysql',
  isRds: false,
  auth: 'password',
  responder: 'headroom',
  canary: 'headroom_canary',
  from: '%',
};
const statements = (changes: Partial<GrantOptions> = {}) =>
  loginGrants({ ...options, ...changes }).flatMap(({ sql }) => sql ?? []);
const granted = (changes: Partial<GrantOptions> = {}) =>
  statements(changes).flatMap((sql) => /^GRANT (.*) TO `headroom`@`%`$/.exec(sql)?.[1] ?? []);

test('the responder may see and end sessions, and read what it takes to leave administrators alone; no more', () => {
  const tables = ['threads', 'events_statements_current', 'events_transactions_current', 'data_lock_waits'];
  const all = [...tables, 'metadata_locks', 'session_connect_attrs'].map(
    (table) => `SELECT ON performance_schema.${table}`,
  );
  expect(granted()).toEqual([
    'PROCESS ON *.*',
    'CONNECTION_ADMIN ON *.*',
    'SELECT (User, Super_priv) ON mysql.user',
    'SELECT (USER, PRIV) ON mysql.global_grants',
    'SELECT (FROM_USER, TO_USER) ON mysql.role_edges',
    ...all,
    'SELECT (User, max_user_connections) ON mysql.user',
    'SELECT (User, Host, Reload_priv) ON mysql.user',
    'SELECT (User, Repl_slave_priv) ON mysql.user',
    'XA_RECOVER_ADMIN ON *.*',
  ]);
  expect(granted({ engine: 'mariadb' })).toContain('CONNECTION ADMIN ON *.*');
});

test('on RDS it ends sessions through procedures only, and nothing is granted to the canary', () => {
  for (const engine of ['mysql', 'mariadb'] as const) {
    const sql = granted({ engine, isRds: true });
    expect(sql).toContain('EXECUTE ON PROCEDURE mysql.rds_kill');
    expect(sql).toContain('EXECUTE ON PROCEDURE mysql.rds_kill_query');
    expect(sql.join()).not.toMatch(/ADMIN|SUPER/);
    expect(sql).toContain('SELECT (User, Super_priv, Create_user_priv, Grant_priv) ON mysql.user');
    const script = renderGrants(loginGrants({ ...options, engine, isRds: true }));
    expect(script).toContain('-- Headroom leaves sessions of administrators alone');
  }
  expect(statements({ isRds: true }).filter((sql) => sql.includes('headroom_canary'))).toHaveLength(1);
});

test('the slot that RDS lets nobody grant is offered for Aurora MySQL 3 alone', () => {
  const script = (engine: GrantOptions['engine']) => renderGrants(loginGrants({ ...options, engine, isRds: true }));
  expect(script('mysql').replaceAll(/\n-- /g, ' ')).toMatch(
    /On Aurora MySQL 3 the master user can: GRANT CONNECTION_ADMIN/,
  );
  expect(script('mariadb')).not.toContain('CONNECTION ADMIN');
});

test('accounts with a password are locked until they have one, and the remark says how', () => {
  expect(statements().filter((sql) => sql.endsWith(' ACCOUNT LOCK'))).toHaveLength(2);
  expect(renderGrants(loginGrants(options))).toContain("ALTER USER `headroom`@`%` IDENTIFIED BY '…' ACCOUNT UNLOCK;");
});

test('with IAM both come by a token over TLS, and nobody is told to set a password', () => {
  const iam = statements({ isRds: true, auth: 'iam' }).filter((sql) => sql.startsWith('CREATE USER'));
  expect(iam).toHaveLength(2);
  for (const sql of iam) expect(sql).toMatch(/IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL$/);
  expect(renderGrants(loginGrants({ ...options, isRds: true, auth: 'iam' }))).not.toContain('IDENTIFIED BY');
});

test.each(MYSQL_FLAVOURS)('on %s hostile names create exactly the accounts they say', async (flavour) => {
  const responder = 're`; DROP USER x; --\n\\q';
  const canary = `'"ünï\\`;
  const server = await startMysql({ flavour });
  const admin = await mysql.createConnection({ uri: server.adminUrl, multipleStatements: true });
  try {
    const [before] = await admin.query<RowDataPacket[]>('SELECT User FROM mysql.user');
    for (const mode of ['', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES']) {
      await admin.query(`SET SESSION sql_mode = '${mode}'`);
      // As one script, as the client would be given it: no comment may end early.
      await admin.query(renderGrants(loginGrants({ ...options, engine: flavour, responder, canary })));
      const [after] = await admin.query<RowDataPacket[]>('SELECT User, Host FROM mysql.user');
      const created = after.filter(({ User }) => !before.some((known) => known['User'] === User));
      expect(created.map(({ User, Host }) => `${String(User)}@${String(Host)}`).sort()).toEqual(
        [`${responder}@%`, `${canary}@%`].sort(),
      );
      const [locked] = await admin.query<RowDataPacket[]>(`SHOW CREATE USER ${account(responder)}`);
      expect(JSON.stringify(locked)).toContain('ACCOUNT LOCK');
      for (const user of [responder, canary]) await admin.query(`DROP USER ${account(user)}`);
    }
  } finally {
    await admin.end();
    await server.stop();
  }
});

function account(user: string): string {
  return `\`${user.replaceAll('`', '``')}\`@\`%\``;
}

test.each(['', 'a\0b', 'x'.repeat(33), 'smile \u{1f600}', 'blank '])('%j is no name', (responder) => {
  expect(() => loginGrants({ ...options, responder })).toThrow(/^responder: .*1 to 32 characters/);
});

test.each(['', "10.%'", 'a b', '`'])('%j is no place to come from', (from) => {
  expect(() => loginGrants({ ...options, from })).toThrow(/^from: .*such as "10\.%"/);
});
