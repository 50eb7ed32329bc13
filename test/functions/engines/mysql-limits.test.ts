import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMysqlLogins } from '../../../drill/servers/mysql-logins.ts';
import { startMysql, type MysqlServer } from '../../../drill/servers/mysql.ts';
import type { Logins } from '../../../drill/servers/postgres.ts';
import type { UserLimits } from '../../../functions/core/server/snapshot.ts';
import { limitGrants } from '../../../functions/engines/mysql/grants/limit-grants.ts';
import { changeLimit, openWorker, takeSnapshot, type Stage } from './stage.ts';

/** The administrator's routine, and how these servers count. */
describe.each(['mysql', 'mariadb'] as const)('limits of users on %s', (flavour) => {
  let server: MysqlServer;
  let admin: Connection;
  let logins: Logins;
  const GRANTS = { engine: flavour, responder: 'headroom_responder', from: '%', users: ['storm'] };
  const statements = (changes: Partial<typeof GRANTS> = {}) =>
    limitGrants({ ...GRANTS, ...changes }).flatMap(({ sql }) => sql ?? []);

  beforeAll(async () => {
    server = await startMysql({ flavour, maxConnections: 40 });
    admin = await mysql.createConnection({ uri: server.adminUrl });
    logins = await createMysqlLogins(server);
    for (const user of ['storm', 'stranger']) await admin.query(`CREATE USER ${user} IDENTIFIED BY '${user}'`);
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });
  beforeEach(async () => {
    await admin.query('DROP DATABASE IF EXISTS headroom');
    await admin.query('ALTER USER storm WITH MAX_USER_CONNECTIONS 0');
  });

  const run = async (list: readonly string[]) => {
    for (const sql of list) await admin.query(sql);
  };
  const stage = () => ({ engine: flavour, ...logins }) as Pick<Stage, 'engine' | 'responderUrl' | 'canaryUrl'> as Stage;
  const withWorker = async <T>(work: (worker: Awaited<ReturnType<typeof openWorker>>) => Promise<T>) => {
    const worker = await openWorker(stage());
    try {
      return await work(worker);
    } finally {
      worker.close();
    }
  };
  const seen = (): Promise<UserLimits> => withWorker(async (worker) => (await takeSnapshot(worker)).userLimits);
  const limit = (user = 'storm') =>
    withWorker((worker) => changeLimit(worker, 'limit', { user, limit: 5, before: null }));
  const limitOf = async (user: string) => {
    const [rows] = await admin.query<RowDataPacket[]>(
      'SELECT max_user_connections AS most FROM mysql.user WHERE User = ?',
      [user],
    );
    return Number(rows[0]?.['most']);
  };
  const login = (user: string) => mysql.createConnection({ uri: server.urlFor({ user, password: user }) });

  test('without the routine it says what to create, and a limit is refused by the server', async () => {
    expect(await seen()).toEqual({ missing: [expect.stringContaining('--cap-users')], users: [] });
    expect(await limit()).toMatchObject({ result: 'refused' });
    expect(await limitOf('storm')).toBe(0);
  });

  test('the printed statements are all it takes, and limit what they name', async () => {
    await run(statements());
    expect((await seen()).users).toEqual([
      { user: 'storm', account: '`storm`@`%`', limit: null, countsEarlier: false, refusal: null },
    ]);
    expect(await limit()).toMatchObject({ result: 'done', current: 5 });
    expect(await limitOf('storm')).toBe(5);
    expect((await seen()).users).toMatchObject([{ limit: 5, countsEarlier: true }]);
  });

  test('sessions from before a first limit do not count, as a snapshot says, and from before a second one do', async () => {
    await run(statements());
    const early = await Promise.all([login('storm'), login('storm'), login('storm')]);
    await withWorker(async (worker) => {
      await changeLimit(worker, 'limit', { user: 'storm', limit: 2, before: null });
      const late = [await login('storm'), await login('storm')];
      await expect(login('storm')).rejects.toMatchObject({ errno: 1226 });
      await changeLimit(worker, 'lift', { user: 'storm', limit: 2, before: 3 });
      for (const connection of [...early, ...late]) await connection.end();
    });
  });

  test('nobody but the responder calls it, and not even the responder changes the list', async () => {
    await run(statements());
    const stranger = await login('stranger');
    await expect(stranger.query(`CALL headroom.limit_connections('storm', 0, 5, @found)`)).rejects.toThrow('denied');
    await stranger.end();
    const responder = await mysql.createConnection({ uri: logins.responderUrl });
    await expect(responder.query(`ALTER VIEW headroom.connection_limits AS SELECT 1`)).rejects.toThrow('denied');
    await expect(responder.query(`ALTER USER storm WITH MAX_USER_CONNECTIONS 5`)).rejects.toThrow('denied');
    await responder.end();
  });

  test('nobody but the responder limits anybody, whatever the grants of the server say', async () => {
    await run(statements());
    await admin.query('GRANT EXECUTE ON *.* TO stranger');
    const stranger = await login('stranger');
    await expect(stranger.query(`CALL headroom.limit_connections('storm', 0, 1, @found)`)).rejects.toThrow(
      'only the responder',
    );
    await stranger.end();
    await admin.query('REVOKE EXECUTE ON *.* FROM stranger');
    expect(await limitOf('storm')).toBe(0);
  });

  /** Says that it has done what it was asked for, and notes who called it. */
  const IMPOSTOR = `CREATE PROCEDURE headroom.limit_connections(
    IN wanted VARCHAR(128), IN old_limit INT, IN new_limit INT, OUT found_limit INT
  ) BEGIN SET found_limit = old_limit; INSERT INTO headroom.calls VALUES (USER()); END`;

  test.each([
    ['the routine', 'DROP PROCEDURE headroom.limit_connections', IMPOSTOR],
    [
      'the list',
      'DROP VIEW headroom.connection_limits',
      `CREATE VIEW headroom.connection_limits AS
       SELECT 'storm' AS user_name, '%' AS host, 0 AS connection_limit, NULL AS refusal`,
    ],
  ])('%s of somebody who is no administrator is not used, whoever lets us', async (_, drop, impostor) => {
    await run(statements());
    await run(['CREATE TABLE headroom.calls (who TEXT)', 'GRANT ALL ON headroom.* TO stranger', drop]);
    const stranger = await login('stranger');
    await stranger.query(impostor);
    await stranger.end();
    await admin.query('GRANT SELECT, EXECUTE ON headroom.* TO headroom_responder');
    await admin.query('REVOKE ALL ON headroom.* FROM stranger');
    expect(await seen()).toEqual({ missing: [expect.stringContaining('--cap-users') as string], users: [] });
    expect(await limit()).toMatchObject({ result: 'refused' });
    await admin.query('REVOKE SELECT, EXECUTE ON headroom.* FROM headroom_responder');
    const [calls] = await admin.query('SELECT * FROM headroom.calls');
    expect(calls).toEqual([]);
    expect(await limitOf('storm')).toBe(0);
  });

  test('a routine that would run with our own rights is not called', async () => {
    await run(statements());
    await admin.query('ALTER PROCEDURE headroom.limit_connections SQL SECURITY INVOKER');
    expect((await seen()).missing.join()).toContain('--cap-users');
    expect(await limit()).toMatchObject({
      result: 'refused',
      detail: expect.stringContaining('--cap-users') as string,
    });
  });

  test.each(['NULL', '-1', '2000000'])('a new limit of %s is refused by the routine itself', async (limit) => {
    await run(statements());
    const responder = await mysql.createConnection({ uri: logins.responderUrl });
    await expect(responder.query(`CALL headroom.limit_connections('storm', 0, ${limit}, @found)`)).rejects.toThrow(
      'a limit is',
    );
    await responder.end();
  });

  test.each([
    ['an administrator', 'GRANT CREATE USER ON *.* TO storm', 'REVOKE CREATE USER ON *.* FROM storm', 'administrator'],
    ['a user above others', 'GRANT SUPER ON *.* TO storm', 'REVOKE SUPER ON *.* FROM storm', 'administrator'],
    [
      'a replica’s login',
      'GRANT REPLICATION SLAVE ON *.* TO storm',
      'REVOKE REPLICATION SLAVE ON *.* FROM storm',
      'replicates',
    ],
    ['a user with several accounts', `CREATE USER storm@localhost`, 'DROP USER storm@localhost', 'several accounts'],
  ])('%s is refused although it is on the list', async (_, make, unmake, words) => {
    await run([...statements(), make]);
    const [user] = (await seen()).users;
    const refused = await limit();
    await admin.query(unmake);
    expect(user?.refusal).toContain(words);
    expect(refused).toMatchObject({ result: 'refused', detail: expect.stringContaining(words) as string });
    expect(await limitOf('storm')).toBe(0);
  });

  test('a limit that may not be lifted any more is settled once somebody has lifted it by hand', async () => {
    await run(statements());
    await limit();
    await admin.query('GRANT CREATE USER ON *.* TO storm');
    const lift = () => withWorker((worker) => changeLimit(worker, 'lift', { user: 'storm', limit: 5, before: null }));
    try {
      expect(await lift()).toMatchObject({ result: 'refused' });
      await admin.query('ALTER USER storm WITH MAX_USER_CONNECTIONS 0');
      expect(await lift()).toMatchObject({ result: 'already', current: null });
    } finally {
      await admin.query('REVOKE CREATE USER ON *.* FROM storm');
    }
  });

  test('logins of the platform and of Headroom are refused although they are on the list', async () => {
    await run(statements({ users: ['root', 'rdsadmin', 'rds_orders', 'headroom_responder', 'headroom_canary'] }));
    for (const user of ['root', 'headroom_responder', 'headroom_canary']) {
      expect((await limit(user)).result, user).toBe('refused');
    }
    expect(await limit('rdsadmin')).toMatchObject({ result: 'gone' });
    await admin.query(`CREATE USER rds_orders`);
    const named = (await seen()).users.find(({ user }) => user === 'rds_orders');
    await admin.query(`DROP USER rds_orders`);
    expect(named?.refusal).toBeNull();
  });

  test('names are compared to the letter', async () => {
    await run(statements({ users: ['STORM'] }));
    expect(await limit()).toMatchObject({
      result: 'refused',
      detail: expect.stringContaining('no administrator') as string,
    });
  });
});
