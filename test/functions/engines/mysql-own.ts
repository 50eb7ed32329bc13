import fc from 'fast-check';
import mysql from 'mysql2/promise';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { perMinute } from '../../../functions/core/cause/counters.ts';
import { storeAnswer } from '../../../functions/core/sampler/stored-sample.ts';
import { PREPARED_TRANSACTION, UNKNOWN_BLOCKER } from '../../../functions/core/server/session.ts';
import { endIfStill } from '../../../functions/engines/mysql/change/end.sql.ts';
import { connectResponder } from '../../../functions/engines/mysql/connect/connect.ts';
import { mysqlEngine } from '../../../functions/engines/mysql/engine.ts';
import { createSessionReader } from '../../../functions/engines/mysql/sessions/session-reader.ts';
import { observe } from '../../../functions/engines/mysql/sessions/sessions.ts';
import * as z from 'zod';
import type { Worker } from '../../../functions/worker/worker.ts';
import { startForwarder } from '../../support/forwarder.ts';
import { statementsIn } from '../../support/statements.ts';
import { describeMysqlAges } from './mysql-ages.ts';
import { describeMysqlHolding } from './mysql-holding.ts';
import { describeMysqlMissing } from './mysql-missing.ts';
import { describeMysqlRoutines } from './mysql-routines.ts';
import { until, type MysqlStage } from './mysql-stage.ts';
import { describeMysqlThreads } from './mysql-threads.ts';
import { describeMysqlTools } from './mysql-tools.ts';
import {
  endSessions,
  endShortly,
  openWorker,
  sessionOf,
  takeSample,
  takeSnapshot,
  victimOf,
  type StageClient,
} from './stage.ts';

const admission = { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 0 } as const;

/** What only MySQL and MariaDB have. */
export function describeMysql(stage: () => MysqlStage): void {
  describeMysqlAges(stage);
  describeMysqlRoutines(stage);
  describeMysqlThreads(stage);
  describeMysqlTools(stage);
  describeMysqlMissing(stage);
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  describeMysqlHolding(stage);

  const isMysql = () => stage().engine === 'mysql';
  /** Statements are timed one by one. */
  const isTimed = () => isMysql() && stage().hasPerformanceSchema;
  const see = async (client: Pick<StageClient, 'id'>) => sessionOf(await takeSnapshot(worker), client);
  const results = (endings: readonly { readonly result: string }[]) => endings.map(({ result }) => result);

  test('connections that never log in are counted, and take slots', async () => {
    await takeSample(worker);
    const sockets = await Promise.all(Array.from({ length: 30 }, () => beHalfOpen(stage())));
    const { canary, halfOpen, used, limits } = await takeSample(worker);
    sockets.forEach((socket) => socket.destroy());
    expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'full' } });
    expect(halfOpen.inferred).toBe(false);
    expect(halfOpen.count).toBeGreaterThanOrEqual(limits.usable - 3);
    expect(used).toBeGreaterThanOrEqual(limits.usable);
    await until(async () => {
      const after = await takeSample(worker);
      return after.canary.result === 'admitted' && after.halfOpen.count === 0;
    });
  });

  test('logins that were refused, by password or for want of a slot, are no sessions that were opened', async () => {
    const { host, port } = stage();
    const opened = async () => (await takeSample(worker)).activity.sessionsOpened ?? 0;
    const fail = async () => {
      const failing = Array.from({ length: 20 }, () =>
        mysql.createConnection({ host, port, user: 'nobody', password: 'wrong' }),
      );
      expect(new Set((await Promise.allSettled(failing)).map(({ status }) => status))).toEqual(new Set(['rejected']));
    };
    const before = await opened();
    await fail();
    const sockets = await Promise.all(Array.from({ length: 30 }, () => beHalfOpen(stage())));
    await fail();
    sockets.forEach((socket) => socket.destroy());
    const after = await opened();
    // Connections that were never refused, and the worker's own canary.
    expect(after - before).toBeLessThan(40);
    expect(after - before).toBeGreaterThanOrEqual(0);
    expect(before).toBeGreaterThan(0);
  });

  test('counters that an administrator sets back make no storm, although one of them goes up by that', async () => {
    const { host, port } = stage();
    for (let index = 0; index < 30; index++) {
      await mysql.createConnection({ host, port, user: 'nobody', password: 'wrong' }).catch(() => undefined);
    }
    const sample = await takeSample(worker);
    const answer = { schema: 1, ok: true, admission, sample } as const;
    const before = storeAnswer(answer, { at: sample.at - 60_000, tookMs: 1, inIncident: false });
    const opened = async () => perMinute('sessionsOpened', [before], await takeSnapshot(worker), 60_000);
    expect(await opened()).toBeLessThan(5);
    await sleep(1_100);
    await stage().administer('FLUSH STATUS');
    expect(await opened()).toBeNull();
  });

  test('logins that are refused for want of a slot are counted, where the server counts them all', async () => {
    const refused = async () => (await takeSample(worker)).activity.loginsRefused;
    const { host, port } = stage();
    if (!isMysql()) {
      expect(await refused()).toBeNull();
      return;
    }
    await takeSample(worker);
    await stage().fill('app');
    const before = await refused();
    for (let index = 0; index < 10; index++) {
      const login = mysql.createConnection({ host, port, user: 'app', password: 'app' });
      await expect(login).rejects.toMatchObject({ errno: 1040 });
    }
    // The canary of each sample is refused too.
    const more = ((await refused()) ?? 0) - (before ?? 0);
    expect(more).toBeGreaterThanOrEqual(10);
    expect(more).toBeLessThanOrEqual(10 + 3);
  });

  test("the server's identity is the same at every look, and another after a restart", async () => {
    const identities = new Set<string>();
    // Over a change of second and a half: a start that is worked out anew each time would jitter.
    for (const endsAt = Date.now() + 1_600; Date.now() < endsAt;) {
      identities.add((await takeSample(worker)).server.identity);
    }
    expect(identities.size).toBe(1);
    await stage().restart();
    expect(identities).not.toContain((await takeSample(worker)).server.identity);
  });

  test('an order for another server, or another holder of the id, ends nobody', async () => {
    const client = await stage().open();
    const session = await see(client);
    const { server, incarnation } = session.identity;
    const others = fc.oneof(
      fc.record({ server: fc.string().filter((other) => other !== server), incarnation: fc.constant(incarnation) }),
      fc.record({ server: fc.constant(server), incarnation: fc.string().filter((other) => other !== incarnation) }),
      fc.record({
        server: fc.constantFrom(`${server}1`, server.slice(0, -1), ''),
        incarnation: fc.constantFrom(incarnation, `${incarnation}1`, `other_app@${incarnation.split('@')[1] ?? ''}`),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(others, { minLength: 1, maxLength: 40 }), async (orders) => {
        const victims = orders.map((other) => victimOf({ ...session, identity: { ...session.identity, ...other } }));
        expect(new Set(results(await endSessions(worker, victims)))).toEqual(new Set(['gone']));
      }),
      { numRuns: 8 },
    );
    expect(client.isOpen).toBe(true);
    await client.query('SELECT 1');
  });

  test('a session that moves on between the look and its end is left alone', async () => {
    const { connection, features, self } = await connectResponder(
      { ...loginOf(stage()), tls: { mode: 'disable', ca: null } },
      { instance: 'rehearsal', canaryUser: null, statements: 'verb' },
      3_000,
    );
    const reader = createSessionReader({ connection, features, self });
    const own = { id: self.id, responder: self.user, canary: null };
    const look = async (client: StageClient) => {
      const usage = await reader.readUsage({ ids: [client.id], withStatements: false }, 3_000);
      const [found] = observe(usage, null, { server: '', startedAt: 0, own, statements: 'verb' });
      if (found === undefined) throw new Error('it is not there');
      return found.stillness;
    };
    const tryToEnd = async (client: StageClient, stillness: Awaited<ReturnType<typeof look>>) => {
      const { sql, values } = endIfStill(features, 'terminate', client.id, stillness);
      return connection.run({ sql }, values, 3_000).catch((error: unknown) => String(error));
    };

    const later = await stage().open();
    const busy = await stage().open();
    const gone = await stage().open();
    const still = await stage().open();
    // Where statements are not numbered, their second distinguishes them.
    await sleep(stage().shows.precisionMs);
    const clients = [later, busy, gone, still];
    const before = new Map<StageClient, Awaited<ReturnType<typeof look>>>();
    for (const client of clients) before.set(client, await look(client));
    await later.query('SELECT 1');
    await busy.startQuery(20);
    await gone.close();
    // The server takes a moment to let it go.
    const isThere = () => look(gone).then(Boolean, () => false);
    while (await isThere()) await sleep(20);
    const said = [];
    for (const [client, stillness] of before) said.push(await tryToEnd(client, stillness));
    connection.close();
    expect(said.slice(0, 3)).toEqual(Array(3).fill(expect.stringContaining('Unknown thread id') as string));
    expect(said[3]).toBeUndefined();
    await later.query('SELECT 1');
    expect(busy.isOpen).toBe(true);
    await until(() => Promise.resolve(!still.isOpen));
  });

  test('a queue for a table leads to the session at its head, where the server shows it', async () => {
    const root = await stage().open();
    await root.begin();
    const changing = await stage().open({ as: 'administrator' });
    await changing.startWaiting("ALTER TABLE main.ledger COMMENT = 'new'", /^Waiting for table metadata lock$/);
    const reading = await stage().open();
    await reading.startWaiting('SELECT * FROM main.ledger', /^Waiting for table metadata lock$/);
    await sleep(50 + stage().shows.precisionMs);
    const snapshot = await takeSnapshot(worker);
    const behind = ({ id }: StageClient) => [isTimed() ? id : UNKNOWN_BLOCKER];
    expect(sessionOf(snapshot, changing)).toMatchObject({ blockedBy: behind(root), lockWaitMs: 0 });
    expect(sessionOf(snapshot, reading)).toMatchObject({ blockedBy: behind(changing), wait: { type: 'Lock' } });
    expect(sessionOf(snapshot, reading).lockWaitMs).toBeGreaterThanOrEqual(50);
    expect(sessionOf(snapshot, root)).toMatchObject({ blockedBy: [], lockWaitMs: null });
    const order = victimOf(sessionOf(snapshot, root), { blocksOthers: true });
    expect(results(await endSessions(worker, [order]))).toEqual([isTimed() ? 'ended' : 'changed']);
    await root.close();
    await reading.query('SELECT 1');
  });

  test('what is said to make blockers show does make them show, and nothing is said where they show', async () => {
    const { toShowBlockers } = (await takeSnapshot(worker)).visibility;
    if (isTimed()) return void expect(toShowBlockers).toBeUndefined();
    const [statement] = statementsIn([toShowBlockers ?? '']);
    if (!stage().hasPerformanceSchema) {
      expect(toShowBlockers).toContain('turn performance_schema on');
      return void expect(statement).toBeUndefined();
    }
    await stage().administer(statement ?? '');
    const root = await stage().open();
    await root.begin();
    await root.query('SELECT * FROM main.ledger');
    const changing = await stage().open({ as: 'administrator' });
    await changing.startWaiting("ALTER TABLE main.ledger COMMENT = 'seen'", /^Waiting for table metadata lock$/);
    expect((await see(changing)).blockedBy).toEqual([root.id]);
    await root.close();
    await stage().administer((statement ?? '').replace("'YES'", "'NO'"));
  });

  test('who blocks an inserted row is the session that inserted it, not the one that waits', async () => {
    const root = await stage().open();
    const waiter = await stage().open();
    await root.begin();
    await root.query('INSERT INTO main.ledger VALUES (99, 0)');
    await waiter.startWaitingForRow(99);
    expect((await see(waiter)).blockedBy).toEqual([stage().shows.blockers ? root.id : UNKNOWN_BLOCKER]);
  });

  test('a prepared transaction that blocks belongs to no session', async () => {
    const preparing = await stage().open();
    await preparing.query("XA START 'held'");
    await preparing.lockRow(5);
    await preparing.query("XA END 'held'; XA PREPARE 'held'");
    await preparing.close();
    const waiter = await stage().open();
    await waiter.startWaitingForRow(5);
    const snapshot = await takeSnapshot(worker);
    await stage().administer("XA ROLLBACK 'held'");
    expect(sessionOf(snapshot, waiter).blockedBy).toEqual([
      stage().shows.blockers ? PREPARED_TRANSACTION : UNKNOWN_BLOCKER,
    ]);
    // Its name takes a right that the responder has not got on RDS for MySQL.
    const gid = isMysql() && stage().isRds ? null : "'held'";
    expect(snapshot.preparedTransactions).toEqual([
      { gid, owner: '', database: '', ageMs: expect.any(Number) as number },
    ]);
  });

  test('an idle session that holds tables is seen where the server shows it, and then left alone', async () => {
    const locking = await stage().open();
    const before = await takeSnapshot(worker);
    await locking.query('LOCK TABLES ledger READ');
    const snapshot = await takeSnapshot(worker);
    const { holdings } = stage().shows;
    expect(sessionOf(snapshot, locking).holds).toEqual(holdings ? ['table-lock'] : []);
    const order = victimOf(sessionOf(before, locking), { holdsNothing: true });
    expect(results(await endSessions(worker, [order]))).toEqual([holdings ? 'changed' : 'ended']);
  });

  test('what undoes its work keeps its slot, is told as that, and is never ended again', async () => {
    await stage().administer(
      'CREATE TABLE main.pile (id INT PRIMARY KEY AUTO_INCREMENT, a INT, b INT, KEY (a), KEY (b))',
    );
    await stage().administer('INSERT INTO main.pile (a, b) VALUES (1, 1)');
    for (let doubled = 0; doubled < 16; doubled++) {
      await stage().administer('INSERT INTO main.pile (a, b) SELECT a + id, b - id FROM main.pile');
    }
    const writer = await stage().open();
    await writer.query('BEGIN; UPDATE main.pile SET a = a + 7, b = b * 3');
    const before = await see(writer);
    expect(before).toMatchObject({ state: 'idle-in-transaction', hasWritten: true });
    expect(before.rowsModified).toBeGreaterThan(60_000);
    expect(await endShortly(worker, victimOf(before))).toBe('rolling-back');
    const after = sessionOf(await takeSnapshot(worker), writer);
    expect(after.state).toBe('rolling-back');
    expect(['changed', 'gone']).toContain(results(await endSessions(worker, [victimOf(before)]))[0]);
    await until(
      async () => !(await takeSnapshot(worker)).sessions.some(({ identity }) => identity.id === writer.id),
      50,
    );
    await stage().administer('DROP TABLE main.pile');
  });

  test('a session that was busy until just now has not been idle for long', async () => {
    const idle = await stage().open();
    const inTransaction = await stage().open();
    await inTransaction.begin();
    const begunAt = Date.now();
    await Promise.all([idle.query('SELECT SLEEP(3)'), inTransaction.query('SELECT SLEEP(3)')]);
    const snapshot = await takeSnapshot(worker);
    const mostIdleMs = Date.now() - begunAt - 3_000 + stage().shows.precisionMs;
    // The one thing that MySQL does not tell without performance_schema; nothing is made of it where work could be
    // lost.
    if (isTimed() || !isMysql()) expect(sessionOf(snapshot, idle).stateMs).toBeLessThanOrEqual(mostIdleMs);
    else expect(sessionOf(snapshot, idle).stateMs).toBeGreaterThanOrEqual(2_000);
    expect(sessionOf(snapshot, inTransaction).stateMs).toBeLessThanOrEqual(mostIdleMs);
  });

  test('a session that performance_schema stopped watching is not taken for idle', async () => {
    const client = await stage().open();
    await client.query('SELECT 1');
    await sleep(1_500);
    const idle = await see(client);
    await stage().administer(
      `UPDATE performance_schema.threads SET INSTRUMENTED = 'NO' WHERE PROCESSLIST_ID = ${client.id}`,
    );
    const startedAt = Date.now();
    await client.startQuery(20);
    const { state, queryMs } = await see(client);
    const mostMs = Date.now() - startedAt + stage().shows.precisionMs;
    const endings = await endSessions(worker, [victimOf(idle)]);
    const { isOpen } = client;
    await stage()
      .administer(`KILL ${client.id}`)
      .catch(() => undefined);
    expect({ state, results: results(endings) }).toEqual({ state: 'active', results: ['changed'] });
    expect(queryMs).toBeLessThanOrEqual(mostMs);
    expect(isOpen).toBe(true);
  });

  test('a session idle in a transaction is as old as the server shows, or as long as it was watched', async () => {
    const client = await stage().open();
    await client.begin();
    await sleep(3_300);
    const lookedAt = Date.now();
    const first = await see(client);
    await sleep(1_000);
    const second = await see(client);
    const watchedMs = Date.now() - lookedAt;
    if (isTimed() || !isMysql()) {
      expect(first.stateMs).toBeGreaterThanOrEqual(3_300);
      expect(second.stateMs).toBeGreaterThanOrEqual(4_300);
    } else {
      expect(first.stateMs).toBe(0);
      expect(second.stateMs).toBeGreaterThanOrEqual(1_000);
      expect(second.stateMs).toBeLessThanOrEqual(watchedMs);
    }
    const workedAt = Date.now();
    await client.query('SELECT 1');
    expect((await see(client)).stateMs).toBeLessThanOrEqual(Date.now() - workedAt + stage().shows.precisionMs);
  });

  test('where performance_schema is told not to time statements, ages come from the list of sessions', async () => {
    if (!isTimed()) return;
    const consumer = (isOn: boolean) =>
      stage().administer(
        `UPDATE performance_schema.setup_consumers SET ENABLED = '${isOn ? 'YES' : 'NO'}' WHERE NAME = 'thread_instrumentation'`,
      );
    await consumer(false);
    const idle = await stage().open();
    const inTransaction = await stage().open();
    await inTransaction.begin();
    await sleep(2_100);
    const snapshot = await takeSnapshot(worker);
    const seen = [idle, inTransaction].map((client) => sessionOf(snapshot, client));
    const endings = await endSessions(
      worker,
      seen.map((session) => victimOf(session)),
    );
    await consumer(true);
    expect(seen.map(({ state }) => state)).toEqual(['idle', 'idle-in-transaction']);
    expect(seen[0]?.stateMs).toBeGreaterThanOrEqual(1_000);
    expect(seen[1]?.stateMs).toBe(0);
    expect(results(endings)).toEqual(['ended', 'ended']);
  });

  test('a sample of a slow server is given up when its time is over, however many questions it is made of', async () => {
    const slow = await startForwarder(stage().port, 300);
    const session = await mysqlEngine.connect(
      { ...loginOf(stage()), port: slow.port, tls: { mode: 'disable', ca: null } },
      { instance: 'rehearsal', canaryUser: null, statements: 'verb' },
      10_000,
    );
    await expect(session.sample(500)).rejects.toThrow('no answer within');
    session.close();
    await slow.cut();
  });

  test("ages do not depend on anybody's time zone", async () => {
    const client = await stage().open();
    await client.begin();
    await stage().administer("SET GLOBAL time_zone = '+05:30'");
    const { transactionMs } = await see(client);
    await stage().administer("SET GLOBAL time_zone = '+00:00'");
    expect(transactionMs).toBeLessThan(10_000);
  });

  test('how long a session has been connected is known once it came after a look', async () => {
    const early = await stage().open();
    const lookedAt = Date.now();
    await takeSample(worker);
    const late = await stage().open();
    await sleep(200);
    await takeSample(worker);
    await sleep(300);
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, early).connectedMs).toBeNull();
    expect(sessionOf(snapshot, late).connectedMs).toBeGreaterThanOrEqual(300);
    expect(sessionOf(snapshot, late).connectedMs).toBeLessThanOrEqual(Date.now() - lookedAt);
  });

  test('a session that sends binlogs is replication, takes a slot, and is never ended', async () => {
    await stage().administer("CREATE USER copier IDENTIFIED BY 'copier'");
    await stage().administer('GRANT REPLICATION SLAVE ON *.* TO copier');
    const { used } = await takeSample(worker);
    const copiers = async () => (await takeSnapshot(worker)).sessions.filter(({ user }) => user === 'copier');
    const binlog = String((await stage().ask('SHOW BINARY LOGS')).at(-1)?.['Log_name']);
    for (const command of isMysql() ? [binlogDump(binlog), BINLOG_DUMP_GTID] : [binlogDump(binlog)]) {
      const socket = connect(stage().port, stage().host);
      const copier = await stage().connect({ user: 'copier', password: 'copier', stream: () => socket });
      await copier.query(
        "SET @source_binlog_checksum = 'NONE', @master_binlog_checksum = 'NONE', @mariadb_slave_capability = 4",
      );
      socket.removeAllListeners('data');
      socket.resume();
      socket.write(command);
    }
    const count = isMysql() ? 2 : 1;
    await until(async () => (await copiers()).filter(({ kind }) => kind === 'replication').length === count);
    expect((await takeSample(worker)).used).toBeGreaterThanOrEqual(used + count);
    // What reads a binlog has more to do there: gh-ost, Debezium.
    await stage().connect({ user: 'copier', password: 'copier' });
    const besides = (await copiers()).filter(({ kind }) => kind === 'client');
    expect(besides.map(({ tool }) => tool)).toEqual(['migration']);
    const victims = (await copiers()).map((session) => victimOf({ ...session, state: 'active' }));
    expect(new Set(results(await endSessions(worker, victims)))).toEqual(new Set(['changed', 'refused']));
    await stage().administer('DROP USER copier');
  });

  test('a session that sends many rows at once is at work, and its query can be cancelled', async () => {
    if (isMysql()) return;
    const socket = connect(stage().port, stage().host);
    offerBulk(socket);
    const client = await stage().connect({ user: 'app', password: 'app', database: 'main', stream: () => socket });
    const prepared = await client.prepare('UPDATE ledger SET amount = amount + SLEEP(?) WHERE id = 1');
    socket.removeAllListeners('data');
    socket.resume();
    socket.write(bulkExecute(Reflect.get(prepared, 'statement'), 20));
    const busy = async () => {
      const { sessions } = await takeSnapshot(worker);
      return sessions.find(({ identity, wait }) => identity.id === client.threadId && wait?.event === 'User sleep');
    };
    await until(async () => (await busy()) !== undefined);
    const session = await busy();
    const [shown] = await stage().ask(
      `SELECT COMMAND FROM information_schema.PROCESSLIST WHERE ID = ${client.threadId}`,
    );
    expect(shown?.['COMMAND']).toBe('Bulk_execute');
    expect(session).toMatchObject({ state: 'active', statement: { verb: 'UPDATE' } });
    if (session === undefined) return;
    expect(results(await endSessions(worker, [victimOf(session, {}, 'cancel')]))).toEqual(['cancelled']);
  });

  test('the logins of RDS are system sessions, and never ended', async () => {
    await stage().administer("CREATE USER rdsproxyadmin IDENTIFIED BY 'x'");
    await stage().connect({ user: 'rdsproxyadmin', password: 'x' });
    const session = (await takeSnapshot(worker)).sessions.find(({ user }) => user === 'rdsproxyadmin');
    expect(session?.kind).toBe('system');
    const endings = session === undefined ? [] : await endSessions(worker, [victimOf(session)]);
    expect(results(endings)).toEqual(['changed']);
    await stage().administer('DROP USER rdsproxyadmin');
  });

  test('an administrator by way of a role is one too', async () => {
    if (stage().isRds) return;
    await stage().administer('CREATE ROLE chief');
    await stage().administer(`GRANT ${isMysql() ? 'SYSTEM_USER' : 'SUPER'} ON *.* TO chief`);
    await stage().administer("CREATE USER boss IDENTIFIED BY 'boss'");
    await stage().administer('GRANT chief TO boss');
    await stage().connect({ user: 'boss', password: 'boss' });
    const session = (await takeSnapshot(worker)).sessions.find(({ user }) => user === 'boss');
    expect(session?.superuser).toBe(true);
    await stage().administer('DROP USER boss');
    await stage().administer('DROP ROLE chief');
  });

  test('statements that are no text in our encoding, and huge ones, do not hide the others', async () => {
    const strange = await stage().connect({ user: 'app', password: 'app', charset: 'LATIN1_SWEDISH_CI' });
    const huge = await stage().open();
    void strange
      .query({ sql: Buffer.from(`SELECT SLEEP(20), 'na\xefve \xff\xfe\x80'`, 'latin1').toString('latin1') })
      .catch(() => undefined);
    await huge.startWaiting(`SELECT SLEEP(20), '${'x'.repeat(2_000_000)}', 'hunter2'`, /^User sleep$/);
    const { sessions } = await takeSnapshot(worker);
    const told = sessions.filter(({ statement }) => statement?.verb === 'SELECT');
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(sessions)).not.toMatch(/xxxx|hunter2|ve /);
  });

  test('mysqldump is known by what it asks where its name does not show', async () => {
    const dump = await stage().connect({
      user: 'app',
      password: 'app',
      connectAttributes: { program_name: 'mysqldump' },
    });
    void dump.query('SELECT /*!40001 SQL_NO_CACHE */ *, SLEEP(20) FROM main.ledger').catch(() => undefined);
    await until(async () =>
      (await takeSnapshot(worker)).sessions.some(({ application }) => application === 'mysqldump'),
    );
  });

  test('a user that has all the sessions it may have is told, with its limit', async () => {
    const url = new URL(await stage().limitedUrl(2));
    const login = { user: url.username, password: url.password };
    await stage().connect(login);
    expect((await takeSnapshot(worker)).atLimit).toEqual([]);
    await stage().connect(login);
    expect((await takeSnapshot(worker)).atLimit).toEqual([{ of: 'user', name: 'limited', limit: 2 }]);
  });

  test('the latest deadlock is counted and told, without literals', async () => {
    const before = await takeSnapshot(worker);
    const [one, other] = [await stage().open(), await stage().open()];
    for (const client of [one, other]) await client.begin();
    await one.lockRow(7);
    await other.lockRow(8);
    await one.startWaitingForRow(8);
    await other.lockRow(7).catch(() => undefined);
    const { deadlocks, latestDeadlock } = await takeSnapshot(worker);
    expect(deadlocks).toBe(before.deadlocks + 1);
    expect(latestDeadlock?.agoMs).toBeLessThan(10_000);
    const text = 'UPDATE main.ledger SET amount = amount + ? WHERE id = ?';
    expect(latestDeadlock?.statements).toEqual([
      { verb: 'UPDATE', text, isOptedOut: false },
      { verb: 'UPDATE', text, isOptedOut: false },
    ]);
  });

  test('of a deadlock no statement is told where a literal looks like another transaction', async () => {
    const before = await takeSnapshot(worker);
    const [one, other] = [await stage().open(), await stage().open()];
    for (const client of [one, other]) await client.begin();
    await one.lockRow(7);
    await other.lockRow(8);
    const literal = `'\n\n${stage().engine === 'mysql' ? 'MySQL' : 'MariaDB'} thread id 9, query id 1\nhunter2\n\n'`;
    void one.query(`UPDATE main.ledger SET amount = amount + (${literal} = '') WHERE id = 8`).catch(() => undefined);
    await until(async () => sessionOf(await takeSnapshot(worker), one).lockWaitMs !== null);
    await other.lockRow(7).catch(() => undefined);
    const { deadlocks, latestDeadlock } = await takeSnapshot(worker);
    expect(deadlocks).toBe(before.deadlocks + 1);
    expect(latestDeadlock?.statements).toEqual([]);
  });

  test('a server that only reads says so', async () => {
    await stage().administer('SET GLOBAL read_only = ON');
    const { server } = await takeSample(worker);
    await stage().administer('SET GLOBAL read_only = OFF');
    expect(server.readOnly).toBe(true);
    expect((await takeSample(worker)).server.readOnly).toBe(false);
  });

  test('an executor that dies with the server-side lock does not keep it', async () => {
    const frozen = await stage().connect(loginOf(stage()));
    await frozen.query("SELECT GET_LOCK('headroom', 0)");
    const client = await stage().open();
    const order = victimOf(await see(client));
    const request = () => ({ schema: 1, kind: 'end', deadline: Date.now() + 5_000, graceMs: 0, victims: [order] });
    expect(await worker.answer(request())).toMatchObject({ ok: false, refusal: { kind: 'busy-elsewhere' } });
    await frozen.query('SET SESSION wait_timeout = 1, interactive_timeout = 1');
    await until(async () => (await worker.answer(request())).ok);
    await until(() => Promise.resolve(!client.isOpen));
  });

  test('our own session is let go soon while it acts, and not otherwise', async () => {
    const shown = async () => {
      const rows = await stage().ask(
        stage().engine === 'mysql'
          ? `SELECT VARIABLE_VALUE AS seconds FROM performance_schema.variables_by_thread
             JOIN performance_schema.threads USING (THREAD_ID)
             WHERE VARIABLE_NAME = 'wait_timeout' AND PROCESSLIST_USER = 'headroom_responder'`
          : `SELECT 0 AS seconds`,
      );
      return rows.map(({ seconds }) => Number(seconds));
    };
    if (!isTimed()) return;
    const client = await stage().open();
    await client.startIgnoringCancel();
    const order = victimOf(await see(client), {}, 'cancel');
    expect(await shown()).toEqual([31_536_000]);
    const acting = endSessions(worker, [order], { graceMs: 500 });
    await until(async () => (await shown())[0] === 30);
    await acting;
    expect(await shown()).toEqual([31_536_000]);
  });

  test('somebody who ends our own session costs one new login', async () => {
    await takeSnapshot(worker);
    // The canary's may just be leaving.
    const { user } = loginOf(stage());
    const own = (await takeSnapshot(worker)).sessions.find((session) => session.own && session.user === user);
    await stage().administer(`KILL ${own?.identity.id ?? 0}`);
    const after = (await takeSnapshot(worker)).sessions.filter((session) => session.own && session.user === user);
    expect(after).toHaveLength(1);
    expect(after[0]?.identity.id).not.toBe(own?.identity.id);
  });
}

function loginOf({ responderUrl, host, port }: MysqlStage) {
  const { username, password } = new URL(responderUrl);
  return { host, port, database: '', user: username, password: decodeURIComponent(password) };
}

/** What a replica asks for, from the start of a file on, as one packet: COM_BINLOG_DUMP. */
function binlogDump(file: string): Buffer {
  return packet(`120400000000004d000000${Buffer.from(file).toString('hex')}`);
}

/** The same by GTID, of which it has none: COM_BINLOG_DUMP_GTID. */
const BINLOG_DUMP_GTID = packet('1e04004e000000000000000400000000000000080000000000000000000000');

/** MariaDB takes COM_STMT_BULK_EXECUTE of clients that say so in their first packet. */
function offerBulk(socket: Socket): void {
  const write = socket.write.bind(socket);
  socket.write = (login: Uint8Array | string) => {
    if (Buffer.isBuffer(login)) login.writeUInt32LE(login.readUInt32LE(32) | 4, 32);
    socket.write = write;
    return write(login);
  };
}

/** One row of one number. */
function bulkExecute(statement: unknown, seconds: number): Buffer {
  const { id } = z.object({ id: z.number() }).parse(statement);
  const body = Buffer.from('fa000000008000080000'.padEnd(36, '0'), 'hex');
  body.writeUInt32LE(id, 1);
  body.writeUInt8(seconds, 10);
  return packet(body.toString('hex'));
}

function packet(hex: string): Buffer {
  const body = Buffer.from(hex, 'hex');
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}

/** A client that is greeted and never answers. */
async function beHalfOpen({ host, port }: MysqlStage): Promise<Socket> {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  return socket;
}
