import mysql from 'mysql2/promise';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMysql, type MysqlServer } from '../../../drill/servers/mysql.ts';
import { startPostgres, type PostgresServer } from '../../../drill/servers/postgres.ts';
import { runInProcess } from '../../support/program.ts';
import { pipeIntoClient } from '../../support/sql-client.ts';

/** The script as `headroom grants` prints it. */
async function printed(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runInProcess(['grants', ...args], { folder: tmpdir() });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

describe('what headroom grants prints for PostgreSQL, piped into psql', () => {
  let server: PostgresServer;
  let admin: pg.Client;
  let script: string;

  beforeAll(async () => {
    script = await printed('--cap-users', 'storm');
    server = await startPostgres({ major: 18 });
    admin = await connect(server.adminUrl);
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });
  beforeEach(async () => {
    await admin.query('DROP SCHEMA IF EXISTS headroom CASCADE');
    for (const role of ['headroom_responder', 'headroom_canary', 'storm', 'tenant', 'maker']) {
      await admin.query(`SELECT FROM pg_roles WHERE rolname = '${role}'`).then(async ({ rowCount }) => {
        if (rowCount === 1) await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
      });
    }
    await admin.query(`CREATE ROLE storm LOGIN; CREATE ROLE tenant LOGIN PASSWORD 'tenant'`);
    await admin.query('GRANT CREATE ON DATABASE postgres TO tenant');
  });

  const run = (text = script) => pipeIntoClient('postgres', server.adminUrl, text);
  const asTenant = async (...statements: readonly string[]) => {
    const client = await connect(server.urlFor({ user: 'tenant', password: 'tenant' }));
    for (const sql of statements) await client.query(sql);
    await client.end();
  };
  const ask = async (sql: string) => (await admin.query<Record<string, unknown>>(sql)).rows;
  const isSuperuser = async (role: string) =>
    (await ask(`SELECT rolsuper FROM pg_roles WHERE rolname = '${role}'`))[0]?.['rolsuper'];

  test('runs as printed, and again without a word', async () => {
    expect(await run()).toEqual({ status: 0, output: '' });
    expect(await run()).toEqual({ status: 0, output: '' });
    expect(
      await ask(`SELECT has_function_privilege('headroom_responder', oid, 'EXECUTE') AS may FROM pg_proc
      WHERE proname = 'limit_connections'`),
    ).toEqual([{ may: true }]);
  });

  test('takes hostile names', async () => {
    const name = `st"o'r\\m, :'x' 100%I; --\n$headroom$ \\q ünï`;
    const hostile = await printed('--cap-users', name, '--responder', `re${name}`, '--canary', `ca${name}`);
    const outcome = await run(hostile);
    const made = await ask(`SELECT rolname FROM pg_roles WHERE rolname LIKE '%$headroom$%' ORDER BY 1`);
    for (const { rolname } of made) {
      const quoted = pg.escapeIdentifier(String(rolname));
      await admin.query(`DROP OWNED BY ${quoted}; DROP ROLE ${quoted}`);
    }
    expect(outcome).toEqual({ status: 0, output: '' });
    expect(made).toEqual([{ rolname: `ca${name}` }, { rolname: `re${name}` }]);
  });

  test('stops at the first error and leaves nothing behind', async () => {
    const { status, output } = await run(script.replace('GRANT pg_monitor', 'GRANT pg_nonsense'));
    expect(status).not.toBe(0);
    expect(output).toContain('pg_nonsense');
    expect(output.match(/ERROR/g)).toHaveLength(1);
    expect(await ask(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'headroom%'`)).toEqual([]);
  });

  test('runs nothing of a tenant who has prepared the schema and a table with a trigger', async () => {
    await asTenant(
      'CREATE SCHEMA headroom',
      'CREATE TABLE headroom.limitable_roles (role_name name PRIMARY KEY)',
      `CREATE FUNCTION headroom.rise() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN ALTER ROLE tenant SUPERUSER; RETURN NEW; END'`,
      'CREATE TRIGGER rise BEFORE INSERT ON headroom.limitable_roles FOR EACH ROW EXECUTE FUNCTION headroom.rise()',
      'GRANT ALL ON SCHEMA headroom TO PUBLIC',
      'GRANT ALL ON headroom.limitable_roles TO PUBLIC',
    );
    const { status, output } = await run();
    expect(await isSuperuser('tenant')).toBe(false);
    expect(status).not.toBe(0);
    expect(output).toContain('belongs to tenant');
    expect(await ask(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'headroom%'`)).toEqual([]);
  });

  test('leaves no function in the hands of somebody who has prepared it', async () => {
    await admin.query('CREATE SCHEMA headroom; GRANT ALL ON SCHEMA headroom TO tenant');
    await asTenant(`CREATE FUNCTION headroom.limit_refusal(wanted name) RETURNS text LANGUAGE sql AS 'SELECT null'`);
    const { status, output } = await run();
    expect(await ask(`SELECT FROM pg_proc WHERE proowner = 'tenant'::regrole AND prosrc <> 'SELECT null'`)).toEqual([]);
    expect(status).not.toBe(0);
    expect(output).toContain('belongs to tenant');
  });

  test('calls no function that a tenant has put where anybody finds it', async () => {
    await admin.query('GRANT CREATE ON SCHEMA public TO tenant');
    // What a sequence has counted stays, whatever becomes of the transaction.
    await asTenant('CREATE SEQUENCE public.calls');
    for (const types of ['text, name', 'text, name, name', 'text, text, name']) {
      await asTenant(`CREATE FUNCTION public.format(${types}) RETURNS text LANGUAGE sql AS
        'SELECT nextval(''public.calls'')::text'`);
    }
    await admin.query('CREATE SCHEMA headroom; GRANT ALL ON SCHEMA headroom TO tenant');
    await asTenant('CREATE TABLE headroom.limitable_roles (role_name name PRIMARY KEY)');
    const { output } = await run();
    await admin.query('REVOKE CREATE ON SCHEMA public FROM tenant');
    expect(output).toContain('belongs to tenant');
    expect(await ask('SELECT is_called FROM public.calls')).toEqual([{ is_called: false }]);
  });

  test('gives the responder’s rights to no role that somebody else holds', async () => {
    await admin.query(`CREATE ROLE maker LOGIN CREATEROLE PASSWORD 'maker'`);
    const maker = await connect(server.urlFor({ user: 'maker', password: 'maker' }));
    await maker.query(`CREATE ROLE headroom_responder LOGIN PASSWORD 'mine'`);
    await maker.end();
    const { status, output } = await run();
    expect(await ask(`SELECT pg_has_role('headroom_responder', 'pg_signal_backend', 'MEMBER') AS may`)).toEqual([
      { may: false },
    ]);
    expect(status).not.toBe(0);
    expect(output).toContain('maker');
  });

  test('says which database it is for, and changes nothing in another', async () => {
    const { status, output } = await run(await printed('--cap-users', 'storm', '--database', 'shop'));
    expect(status).not.toBe(0);
    expect(output).toContain('shop');
    expect(await ask(`SELECT FROM pg_namespace WHERE nspname = 'headroom'`)).toEqual([]);
  });
});

describe.each(['mysql', 'mariadb'] as const)('what headroom grants prints for %s, piped into its client', (engine) => {
  let server: MysqlServer;
  let admin: mysql.Connection;
  let script: string;

  beforeAll(async () => {
    script = await printed('--engine', engine, '--cap-users', 'storm');
    server = await startMysql({ flavour: engine });
    admin = await mysql.createConnection({ uri: server.adminUrl });
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });
  beforeEach(async () => {
    await admin.query('DROP DATABASE IF EXISTS headroom');
    for (const user of ['headroom_responder', 'headroom_canary', 'storm', 'tenant']) {
      await admin.query(`DROP USER IF EXISTS ${user}`);
    }
    await admin.query(`CREATE USER storm IDENTIFIED BY 'storm'`);
    await admin.query(`CREATE USER tenant IDENTIFIED BY 'tenant'`);
  });

  const run = (text = script) => pipeIntoClient(engine, server.adminUrl, text);
  const ask = async (sql: string) => (await admin.query<mysql.RowDataPacket[]>(sql))[0];
  const owners = () =>
    ask(`SELECT DISTINCT DEFINER AS owner FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'headroom'
      UNION SELECT DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA = 'headroom'`);

  test('runs as printed, and again without a word', async () => {
    expect(await run()).toEqual({ status: 0, output: '' });
    expect(await run()).toEqual({ status: 0, output: '' });
    expect(await owners()).toEqual([{ owner: 'root@127.0.0.1' }]);
  });

  test('takes hostile names', async () => {
    const name = `s\`t'r"\\q; --\n// ünï`;
    const hostile = await printed(
      ...['--engine', engine, '--cap-users', name, '--responder', `re${name}`, '--canary', `ca${name}`],
    );
    const outcome = await run(hostile);
    const made = await ask(`SELECT User AS name FROM mysql.user WHERE User LIKE '%//%' ORDER BY 1`);
    for (const { name: user } of made) await admin.query(`DROP USER \`${String(user).replaceAll('`', '``')}\``);
    expect(outcome).toEqual({ status: 0, output: '' });
    expect(made).toEqual([{ name: `ca${name}` }, { name: `re${name}` }]);
  });

  test('stops at the first error', async () => {
    const { status, output } = await run(script.replace('GRANT PROCESS', 'GRANT NONSENSE'));
    expect(status).not.toBe(0);
    expect(output.match(/ERROR/g)).toHaveLength(1);
    expect(await ask(`SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'headroom'`)).toEqual([]);
  });

  test('leaves nothing in use that a tenant has prepared', async () => {
    await admin.query('CREATE DATABASE headroom');
    await admin.query('GRANT ALL ON headroom.* TO tenant');
    const tenant = await mysql.createConnection({ uri: server.urlFor({ user: 'tenant', password: 'tenant' }) });
    await tenant.query(`CREATE SQL SECURITY INVOKER VIEW headroom.limitable_users AS SELECT 'root' AS user_name`);
    await tenant.query(`CREATE VIEW headroom.connection_limits AS SELECT user_name FROM headroom.limitable_users`);
    await tenant.query(
      'CREATE PROCEDURE headroom.limit_connections(a TEXT, b INT, c INT, OUT d INT) SQL SECURITY INVOKER SET d = 0',
    );
    await tenant.end();
    expect(await run()).toEqual({ status: 0, output: '' });
    const used = await ask(
      `SELECT DEFINER AS owner FROM information_schema.ROUTINES
         WHERE ROUTINE_SCHEMA = 'headroom' AND ROUTINE_NAME = 'limit_connections'
       UNION SELECT DEFINER FROM information_schema.VIEWS
         WHERE TABLE_SCHEMA = 'headroom' AND TABLE_NAME = 'connection_limits'`,
    );
    expect(used).toEqual([{ owner: 'root@127.0.0.1' }]);
    const [view] = await ask('SHOW CREATE VIEW headroom.connection_limits');
    expect(JSON.stringify(view)).not.toContain('limitable_users');
  });
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
