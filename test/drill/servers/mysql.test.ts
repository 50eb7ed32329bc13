import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { MYSQL_FLAVOURS } from '../../../drill/servers/files/mysql-flavours.ts';
import { createMysqlLogins } from '../../../drill/servers/mysql-logins.ts';
import { startMysql, type MysqlOptions, type MysqlServer } from '../../../drill/servers/mysql.ts';
import { installRdsProcedures } from '../../../drill/servers/rds-procedures.ts';

const MODULE = join(import.meta.dirname, '../../../drill/servers/mysql.ts');

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

async function start(options: MysqlOptions): Promise<MysqlServer> {
  const server = await startMysql(options);
  undo.push(() => server.stop());
  return server;
}

async function open(url: string): Promise<Connection> {
  const connection = await mysql.createConnection({ uri: url });
  // The server may go first.
  connection.on('error', () => undefined);
  undo.push(() => Promise.resolve(connection.destroy()));
  return connection;
}

async function ask(connection: Connection, sql: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return String(Object.values<unknown>(rows[0] ?? {})[0]);
}

async function createUser(server: MysqlServer, user: string, grant: string | null = null): Promise<string> {
  const admin = await open(server.adminUrl);
  await admin.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
  if (grant !== null) await admin.query(`GRANT ${grant} TO '${user}'@'%'`);
  await admin.end();
  return server.urlFor({ user, password: 'secret' });
}

describe.each(MYSQL_FLAVOURS)('%s', (flavour) => {
  test('starts as asked, restarts on its port and leaves nothing', async () => {
    const server = await start({ flavour, maxConnections: 12, settings: { 'wait-timeout': '1234' } });
    const first = await open(server.adminUrl);
    expect(await ask(first, 'SELECT VERSION()')).toBe(server.version);
    expect(/mariadb/i.test(server.version)).toBe(flavour === 'mariadb');
    expect(await ask(first, 'SELECT @@max_connections')).toBe('12');
    expect(await ask(first, 'SELECT @@global.wait_timeout')).toBe('1234');
    expect(await ask(first, 'SELECT @@performance_schema')).toBe(flavour === 'mysql' ? '1' : '0');
    await first.query('CREATE DATABASE shop');
    await server.restart('fast');
    await server.restart('immediate');
    const again = await open(server.adminUrl);
    expect(await ask(again, `SHOW DATABASES LIKE 'shop'`)).toBe('shop');
    const count = (text: string) => server.log().split(text).length - 1;
    expect([count('ready for connections'), count(': Shutdown complete')]).toEqual([3, 1]);
    await server.stop();
    await server.stop();
    expect(existsSync(dirname(server.data))).toBe(false);
    expect(server.log()).toContain('ready for connections');
  });

  test('performance_schema can be had both ways', async () => {
    const server = await start({ flavour, performanceSchema: flavour === 'mariadb' });
    expect(await ask(await open(server.adminUrl), 'SELECT @@performance_schema')).toBe(
      flavour === 'mariadb' ? '1' : '0',
    );
  });

  test('two servers are two servers', async () => {
    const servers = await Promise.all([start({ flavour }), start({ flavour })]);
    const identity = flavour === 'mysql' ? 'SELECT @@server_uuid' : 'SELECT @@port';
    const identities = await Promise.all(servers.map(async ({ adminUrl }) => ask(await open(adminUrl), identity)));
    expect(new Set(identities).size).toBe(2);
  });

  test('every login needs its password, and there is no login but root', async () => {
    const server = await start({ flavour });
    const wrong = new URL(server.adminUrl);
    wrong.password = 'wrong';
    await expect(open(wrong.href)).rejects.toMatchObject({ errno: 1045 });
    wrong.password = '';
    await expect(open(wrong.href)).rejects.toMatchObject({ errno: 1045 });
    const users = `SELECT GROUP_CONCAT(user, '@', host) FROM mysql.user WHERE user NOT LIKE 'm%.%'`;
    expect(await ask(await open(server.adminUrl), users)).toBe('root@127.0.0.1');
  });

  test('ordinary clients are refused when it is full, and one administrator is not', async () => {
    const server = await start({ flavour, maxConnections: 10 });
    const url = await createUser(server, 'app');
    await sleep(100);
    for (let each = 0; each < 10; each++) await open(url);
    await expect(open(url)).rejects.toMatchObject({ errno: 1040 });
    await open(server.adminUrl);
    await expect(open(server.adminUrl)).rejects.toMatchObject({ errno: 1040 });
  });

  test('a server that cannot start says why', async () => {
    const starting = startMysql({ flavour, settings: { 'no-such-setting': '1' } });
    await expect(starting).rejects.toThrow(/did not start.*\n[\s\S]*no-such-setting/);
  });

  test('a server ends with the process that started it, even when that is killed outright', async () => {
    const script = `
      const { startMysql } = await import(${JSON.stringify(MODULE)});
      console.log((await startMysql({ flavour: '${flavour}' })).adminUrl);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = (await once(child.stdout, 'data')) as [Buffer];
    const connection = await open(url.toString().trim());
    expect(await ask(connection, 'SELECT 1')).toBe('1');
    child.kill('SIGKILL');
    await sleep(500);
    await expect(open(url.toString().trim())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test.each([false, true])('Headroom’s logins are made with its own statements (for RDS: %s)', async (isRds) => {
    const server = await start({ flavour });
    if (isRds) await installRdsProcedures(server);
    const { responderUrl, canaryUrl } = await createMysqlLogins(server, { isRds });
    const app = await open(await createUser(server, 'app'));
    const responder = await open(responderUrl);
    expect(await ask(responder, `SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'`)).toBe('1');
    await responder.query(isRds ? `CALL mysql.rds_kill(${app.threadId})` : `KILL ${app.threadId}`);
    await expect(app.query('SELECT 1')).rejects.toThrow();
    const canary = await open(canaryUrl);
    await expect(canary.query(`KILL ${responder.threadId}`)).rejects.toMatchObject({ errno: 1095 });
  });

  describe("RDS's procedures", () => {
    async function startLikeRds(): Promise<{ server: MysqlServer; operator: Connection }> {
      const server = await start({ flavour, settings: { 'event-scheduler': 'ON' } });
      await installRdsProcedures(server);
      const operator = await open(await createUser(server, 'operator', 'PROCESS ON *.*'));
      const admin = await open(server.adminUrl);
      for (const name of ['rds_kill', 'rds_kill_query']) {
        await admin.query(`GRANT EXECUTE ON PROCEDURE mysql.${name} TO 'operator'@'%'`);
      }
      return { server, operator };
    }

    test('end a session and a query of somebody else, for a caller who may not KILL', async () => {
      const { server, operator } = await startLikeRds();
      const app = await open(await createUser(server, 'app'));
      await expect(operator.query(`KILL ${app.threadId}`)).rejects.toMatchObject({ errno: 1095 });
      const query = app.query('SELECT SLEEP(20), BENCHMARK(1000000000, MD5(1))').catch((error: unknown) => error);
      await sleep(200);
      await operator.query(`CALL mysql.rds_kill_query(${app.threadId})`);
      await query;
      expect(await ask(app, 'SELECT 1')).toBe('1');
      await operator.query(`CALL mysql.rds_kill(${app.threadId})`);
      await expect(app.query('SELECT 1')).rejects.toThrow();
    });

    test('refuse the sessions of RDS and of the server, and know no thread that is not there', async () => {
      const { server, operator } = await startLikeRds();
      for (const user of ['rdsadmin', 'rdsrepladmin']) {
        const theirs = await open(await createUser(server, user));
        for (const name of ['rds_kill', 'rds_kill_query']) {
          await expect(operator.query(`CALL mysql.${name}(${theirs.threadId})`)).rejects.toThrow(
            `CANNOT KILL ${user.toUpperCase()} SESSION`,
          );
        }
        expect(await ask(theirs, 'SELECT 1')).toBe('1');
      }
      const scheduler = `SELECT id FROM information_schema.processlist WHERE user = 'event_scheduler'`;
      const call = operator.query(`CALL mysql.rds_kill(${await ask(operator, scheduler)})`);
      await expect(call).rejects.toThrow('CANNOT KILL EVENT_SCHEDULER SESSION');
      await expect(operator.query('CALL mysql.rds_kill(999999)')).rejects.toMatchObject({ errno: 1094 });
    });
  });
});
