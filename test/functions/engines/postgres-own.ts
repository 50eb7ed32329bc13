import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openConnection } from '../../../functions/engines/postgres/connect/connection.ts';
import { NO_TRANSACTION_TIMEOUT } from '../../../functions/engines/postgres/connect/login.sql.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { describePostgresHolding } from './postgres-holding.ts';
import { describePostgresMissing } from './postgres-missing.ts';
import { until, type PostgresStage } from './postgres-stage.ts';
import { beRefused, endSessions, loginAt, openWorker, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

/** What only PostgreSQL has. */
export function describePostgres(stage: () => PostgresStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  describePostgresHolding(stage);
  describePostgresMissing(stage);

  test('connections stuck in authentication are counted where they show, and concluded where they do not', async () => {
    await takeSample(worker);
    const sockets = await Promise.all(Array.from({ length: 30 }, () => beHalfOpen(stage())));
    const { canary, halfOpen, used, limits } = await takeSample(worker);
    sockets.forEach((socket) => socket.destroy());
    expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'full' } });
    if (stage().major >= 18) {
      expect(halfOpen.inferred).toBe(false);
      expect(halfOpen.count).toBeGreaterThanOrEqual(limits.usable - 3);
      expect(used).toBeGreaterThanOrEqual(limits.usable);
    } else {
      expect(halfOpen).toEqual({ count: limits.usable - used, inferred: true });
      expect(halfOpen.count).toBeGreaterThan(10);
    }
    await until(async () => {
      const after = await takeSample(worker);
      return after.canary.result === 'admitted' && after.halfOpen.count === 0;
    });
  });

  test('users and databases at a limit of their own are told, superusers and those below it are not', async () => {
    await stage().administer('ALTER ROLE app CONNECTION LIMIT 2');
    await stage().administer('ALTER ROLE other_app CONNECTION LIMIT 2');
    await stage().administer('ALTER DATABASE second CONNECTION LIMIT 1');
    await stage().open({ database: 'second' });
    await stage().open();
    await stage().open({ as: 'other-app' });
    const { atLimit } = await takeSnapshot(worker);
    await stage().administer('ALTER ROLE app CONNECTION LIMIT -1');
    await stage().administer('ALTER ROLE other_app CONNECTION LIMIT -1');
    await stage().administer('ALTER DATABASE second CONNECTION LIMIT -1');
    await stage().clear();
    expect(atLimit).toEqual([
      { of: 'user', name: 'app', limit: 2 },
      { of: 'database', name: 'second', limit: 1 },
    ]);
    expect((await takeSnapshot(worker)).atLimit).toEqual([]);
  });

  test('ages are exact, however the login’s own settings round numbers', async () => {
    await stage().administer('ALTER ROLE headroom_responder SET extra_float_digits = -15');
    const rounding = await openWorker(stage());
    try {
      const client = await stage().open();
      const workedAt = Date.now();
      await client.query('SELECT 1');
      await sleep(1_600);
      const { stateMs, connectedMs } = sessionOf(await takeSnapshot(rounding), client);
      expect(stateMs).toBeGreaterThanOrEqual(1_600);
      expect(stateMs).toBeLessThanOrEqual(Date.now() - workedAt);
      expect(connectedMs).toBeGreaterThanOrEqual(stateMs ?? Infinity);
    } finally {
      rounding.close();
      await stage().administer('ALTER ROLE headroom_responder RESET extra_float_digits');
    }
  });

  test('a session is whose it is, whatever rights it acts with', async () => {
    await stage().administer(
      'CREATE FUNCTION nap() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT pg_sleep(20)::text$$',
    );
    const asOther = await stage().open({ as: 'administrator' });
    await asOther.query('SET ROLE app');
    const client = new pg.Client(stage().server.urlFor({ user: 'app', password: 'app' }));
    client.on('error', () => undefined);
    await client.connect();
    const nap = client.query("SELECT nap(), 'in a routine'").catch(() => undefined);
    const napping = async () => {
      const snapshot = await takeSnapshot(worker);
      const session = snapshot.sessions.find(({ wait }) => wait?.event === 'PgSleep');
      return { snapshot, session };
    };
    await until(async () => (await napping()).session !== undefined);
    const { snapshot, session } = await napping();
    expect(session).toMatchObject({ user: 'app', superuser: false, doubts: [], state: 'active' });
    expect(sessionOf(snapshot, asOther)).toMatchObject({ superuser: true });
    const victims = session === undefined ? [] : [victimOf(session)];
    expect((await endSessions(worker, victims)).map(({ result }) => result)).toEqual(['ended']);
    await nap;
    await stage().administer('DROP FUNCTION nap()');
  });

  test('a prepared transaction that blocks is reported as 0, with its name, owner and database', async () => {
    const preparing = await stage().open();
    await preparing.begin();
    await preparing.lockRow(5);
    await preparing.query("PREPARE TRANSACTION 'he''ld'");
    await preparing.close();
    const waiter = await stage().open();
    await waiter.startWaitingForRow(5);
    const snapshot = await takeSnapshot(worker);
    await stage().administer("ROLLBACK PREPARED 'he''ld'");
    expect(sessionOf(snapshot, waiter).blockedBy).toEqual([0]);
    expect(snapshot.preparedTransactions).toEqual([
      { gid: "'he''ld'", owner: 'app', database: 'postgres', ageMs: expect.any(Number) as number },
    ]);
  });

  test('an idle session that listens is seen and, told to hold nothing, left alone', async () => {
    const listening = await stage().open();
    const mentioning = await stage().open();
    const before = await takeSnapshot(worker);
    await listening.query('/* jobs */ LISTEN jobs');
    await mentioning.query("SELECT 'listen to me'");
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, listening).holds).toEqual(['listen']);
    expect(sessionOf(snapshot, mentioning).holds).toEqual([]);
    const victims = [listening, mentioning].map((client) =>
      victimOf(sessionOf(before, client), { holdsNothing: true }),
    );
    const endings = await endSessions(worker, victims);
    expect(endings.map(({ result }) => result)).toEqual(['changed', 'ended']);
  });

  test('the logins of RDS are system sessions, and never ended', async () => {
    await stage().administer("CREATE ROLE rdstopmgr LOGIN PASSWORD 'x'");
    const client = new pg.Client(stage().server.urlFor({ user: 'rdstopmgr', password: 'x' }));
    await client.connect();
    const session = (await takeSnapshot(worker)).sessions.find(({ user }) => user === 'rdstopmgr');
    expect(session?.kind).toBe('system');
    const endings = session === undefined ? [] : await endSessions(worker, [victimOf(session)]);
    expect(endings.map(({ result }) => result)).toEqual(['changed']);
    await client.end();
    await stage().administer('DROP ROLE rdstopmgr');
  });

  test('replication sessions are told apart, take no slot of ours, and are never ended', async () => {
    await stage().administer("CREATE ROLE standby LOGIN REPLICATION PASSWORD 'x'");
    const { used } = await takeSample(worker);
    const { server } = stage();
    const config = { user: 'standby', password: 'x', host: server.host, port: server.port, replication: 'true' };
    const client = new pg.Client(config);
    await client.connect();
    const snapshot = await takeSnapshot(worker);
    const session = snapshot.sessions.find(({ user }) => user === 'standby');
    expect(session?.kind).toBe('replication');
    // Fewer when a session of an earlier test has left meanwhile.
    expect(snapshot.used).toBeLessThanOrEqual(used);
    const besides = new pg.Client(stage().server.urlFor({ user: 'standby', password: 'x' }));
    await besides.connect();
    const found = (await takeSnapshot(worker)).sessions.filter(
      ({ user, kind }) => user === 'standby' && kind === 'client',
    );
    expect(found.map(({ tool }) => tool)).toEqual(['migration']);
    await besides.end();
    const endings = session === undefined ? [] : await endSessions(worker, [victimOf({ ...session, state: 'idle' })]);
    expect(endings.map(({ result }) => result)).toEqual(['changed']);
    await client.end();
    await stage().administer('DROP ROLE standby');
  });

  test('statistics that an administrator resets count from another time on', async () => {
    const before = (await takeSample(worker)).activity;
    await stage().administer('SELECT pg_stat_reset()');
    const after = (await takeSample(worker)).activity;
    expect(after.countedSince).not.toBe(before.countedSince);
    expect((await takeSnapshot(worker)).activity.countedSince).toBe(after.countedSince);
  });

  test('a statement that is no text in our encoding does not hide the others', async () => {
    await stage().administer("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    const client = new pg.Client(stage().server.urlFor({ user: 'app', password: 'app', database: 'latin' }));
    await client.connect();
    await client.query(`SELECT 'é' AS "naïve"`);
    const snapshot = await takeSnapshot(worker);
    const session = snapshot.sessions.find(({ database }) => database === 'latin');
    expect(session?.statement).toMatchObject({ verb: 'SELECT' });
    const victims = session === undefined ? [] : [victimOf(session, { holdsNothing: true })];
    client.on('error', () => undefined);
    expect((await endSessions(worker, victims)).map(({ result }) => result)).toEqual(['ended']);
    await stage().administer('DROP DATABASE latin');
  });

  test('a server that shuts down is starting or stopping, not full', async () => {
    const client = await stage().open();
    const [postmaster] = readFileSync(join(stage().server.data, 'postmaster.pid'), 'utf8').split('\n');
    // A smart shutdown waits for the sessions there are, and lets no other in.
    process.kill(Number(postmaster), 'SIGTERM');
    await until(async () => (await beRefused(worker).catch(() => null))?.refusal.kind === 'starting');
    await stage().server.restart('immediate');
    await client.close();
    expect((await takeSnapshot(worker)).server.major).toBe(stage().major);
  });

  test('on Aurora another instance is the wrong server', async () => {
    await stage().administer(
      `CREATE FUNCTION pg_catalog.aurora_db_instance_identifier() RETURNS text LANGUAGE sql AS $$ SELECT 'orders-1' $$`,
    );
    const wrong = await openWorker(stage(), { instance: 'orders-2' });
    const right = await openWorker(stage(), { instance: 'Orders-1' });
    const refused = await beRefused(wrong, 2_000);
    const admitted = await takeSnapshot(right);
    right.close();
    await stage().administer('DROP FUNCTION pg_catalog.aurora_db_instance_identifier()');
    expect(refused).toMatchObject({ refusal: { kind: 'wrong-server' }, attempts: 1 });
    expect(refused.refusal.message).toContain('orders-1');
    expect(admitted.server.engine).toBe('postgres');
  });

  test('an executor that dies with the server-side lock does not keep it', async () => {
    const { sql } = (await import('../../../functions/engines/postgres/connect/server-lock.sql.ts')).TAKE_LOCK;
    const dead = new pg.Client(stage().responderUrl);
    dead.on('error', () => undefined);
    await dead.connect();
    await dead.query(sql, [0x48454144, 0x524f4f4d, '300ms']);
    const client = await stage().open();
    const order = victimOf(sessionOf(await takeSnapshot(worker), client));
    await until(async () => {
      const answer = await worker.answer({
        schema: 1,
        kind: 'end',
        deadline: Date.now() + 5_000,
        graceMs: 0,
        victims: [order],
      });
      return answer.ok;
    });
    expect(client.isOpen).toBe(false);
  });

  /** What the owner of a database may set for every session in it. */
  const blindfolds: readonly [string, string][] = [
    ['default_transaction_isolation', 'serializable'],
    ['default_transaction_deferrable', 'on'],
    ['default_transaction_read_only', 'on'],
    ['extra_float_digits', '-15'],
    ['standard_conforming_strings', 'off'],
    ['transaction_timeout', '1ms'],
    ['role', 'pg_monitor'],
  ];
  test('the owner of its database cannot blind the responder, nor tie its hands', async () => {
    const writing = await stage().open({ database: 'second' });
    const busy = await stage().open({ as: 'administrator' });
    const settings = blindfolds.filter(([name]) => name !== 'transaction_timeout' || stage().major >= 17);
    await stage().administer('ALTER DATABASE postgres OWNER TO other_app');
    for (const [name, value] of settings) await stage().administer(`ALTER DATABASE postgres SET ${name} = '${value}'`);
    const blindfolded = await openWorker(stage());
    try {
      // A deferrable transaction waits until no other may write under serializable isolation.
      await busy.query('BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE');
      await busy.lockRow(1);
      const session = sessionOf(await takeSnapshot(blindfolded), writing);
      expect(session.queryMark).toMatch(/\.[0-9]{6}$/);
      expect((await takeSample(blindfolded)).canary).toMatchObject({ result: 'admitted' });
      expect(await endSessions(blindfolded, [victimOf(session)])).toMatchObject([{ result: 'ended' }]);
    } finally {
      await busy.query('ROLLBACK');
      for (const [name] of settings) await stage().administer(`ALTER DATABASE postgres RESET ${name}`);
      await stage().administer('ALTER DATABASE postgres OWNER TO postgres');
      blindfolded.close();
    }
  });

  test('a session that is ended between two queries says why, as transaction_timeout may end one that has just logged in', async () => {
    const connection = await openConnection(loginAt(stage().responderUrl), 5_000);
    await stage().administer(`SELECT pg_terminate_backend(${connection.greetedAs ?? 0})`);
    await until(() => Promise.resolve(!connection.isOpen));
    await expect(connection.query(NO_TRANSACTION_TIMEOUT, [], 1_000)).rejects.toMatchObject({
      name: 'ConnectionLost',
      code: '57P01',
    });
  });

  test('somebody who ends our own session costs one new login', async () => {
    await takeSnapshot(worker);
    await stage().administer(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'headroom_responder'",
    );
    expect((await takeSnapshot(worker)).sessions.filter(({ own }) => own)).toHaveLength(1);
  });
}

/** A client that asks to log in and never answers the question for its password. */
async function beHalfOpen({ host, port }: PostgresStage): Promise<Socket> {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const body = Buffer.from('\0\x03\0\0user\0app\0database\0postgres\0\0', 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  socket.write(Buffer.concat([length, body]));
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  return socket;
}
