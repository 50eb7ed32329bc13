import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MysqlFlavour } from '../../../drill/servers/files/mysql-flavours.ts';
import { createMysqlLogins } from '../../../drill/servers/mysql-logins.ts';
import { startMysql, type MysqlServer } from '../../../drill/servers/mysql.ts';
import type { Logins } from '../../../drill/servers/postgres.ts';
import type { WorkerReply } from '../../../functions/core/protocol/worker.ts';
import type { Sample, Snapshot } from '../../../functions/core/server/snapshot.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { ask, openClusterWorker, startCluster, type PretendedCluster } from './members.ts';

describe.each<MysqlFlavour>(['mysql', 'mariadb'])('the worker of a cluster of %s', (flavour) => {
  let writer: MysqlServer;
  let reader: MysqlServer;
  let logins: Logins;
  let cluster: PretendedCluster;
  let worker: Worker;
  const clients: Connection[] = [];

  async function administer(server: MysqlServer, ...statements: readonly string[]): Promise<void> {
    const administrator = await mysql.createConnection(server.adminUrl);
    for (const sql of statements) await administrator.query(sql);
    await administrator.end();
  }

  /** A reader replicates its users from the writer, so they have the same passwords. */
  async function startMember(): Promise<readonly [MysqlServer, Logins]> {
    const server = await startMysql({ flavour, maxConnections: 20 });
    const made = await createMysqlLogins(server);
    await administer(server, "CREATE USER app IDENTIFIED BY 'app'");
    return [server, made];
  }

  beforeAll(async () => {
    const [[first, made], [second, others]] = await Promise.all([startMember(), startMember()]);
    [writer, logins, reader] = [first, made, second];
    const renewed = [made.responderUrl, made.canaryUrl].map((url) => new URL(url));
    expect([others.responderUrl, others.canaryUrl].map((url) => new URL(url).username)).toEqual(
      renewed.map(({ username }) => username),
    );
    await administer(
      reader,
      ...renewed.map(({ username, password }) => `ALTER USER ${username} IDENTIFIED BY '${password}'`),
      `SET GLOBAL ${flavour === 'mysql' ? 'super_read_only' : 'read_only'} = 1`,
    );
    cluster = await startCluster({ a: writer.port, b: reader.port });
    worker = await openClusterWorker(flavour, cluster, { responder: logins.responderUrl, canary: logins.canaryUrl });
  });
  afterAll(async () => {
    worker.close();
    await Promise.all(Object.values(cluster.lines).map((line) => line.cut()));
    await Promise.all([writer.stop(), reader.stop()]);
  });
  afterEach(() => clients.splice(0).forEach((client) => client.destroy()));

  function sampleIn(reply: WorkerReply): Sample {
    if ('sample' in reply) return reply.sample;
    throw new Error(JSON.stringify(reply));
  }

  async function snapshotOf(member: string): Promise<Snapshot> {
    const reply = await ask(worker, 'snapshot', member, { patienceMs: 0 });
    if ('snapshot' in reply) return reply.snapshot;
    throw new Error(JSON.stringify(reply));
  }

  async function connectIdle(server: MysqlServer): Promise<Connection> {
    const client = await mysql.createConnection(server.urlFor({ user: 'app', password: 'app' }));
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  const isAlive = (client: Connection): Promise<boolean> =>
    client.query<RowDataPacket[]>('SELECT 1').then(
      () => true,
      () => false,
    );

  test('samples each member, the reader as read-only, over one warm session to each', async () => {
    const [first, second] = await Promise.all([ask(worker, 'sample', 'a'), ask(worker, 'sample', 'b')]);
    expect(sampleIn(first).server.readOnly).toBe(false);
    expect(sampleIn(second).server.readOnly).toBe(true);
    expect(sampleIn(first).server.identity).not.toBe(sampleIn(second).server.identity);
    expect(sampleIn(first).canary.result).toBe('admitted');
    expect(sampleIn(second).canary.result).toBe('admitted');
    expect(await ask(worker, 'sample', 'a')).toMatchObject({ admission: { way: 'warm' } });
    expect(await ask(worker, 'sample', 'b')).toMatchObject({ admission: { way: 'warm' } });
  });

  test('ends a session on the member that is named, and not the one of the same id on another', async () => {
    let [onWriter, onReader] = await Promise.all([connectIdle(writer), connectIdle(reader)]);
    // Ids count connections: the member that has had fewer catches up.
    while (onWriter.threadId < onReader.threadId) onWriter = await connectIdle(writer);
    while (onReader.threadId < onWriter.threadId) onReader = await connectIdle(reader);
    const id = onReader.threadId;
    expect(onWriter.threadId).toBe(id);

    const session = (await snapshotOf('b')).sessions.find(({ identity }) => identity.id === id);
    if (session === undefined) throw new Error('the session does not show');
    const expect_ = {
      state: 'idle',
      minStateMs: 0,
      transactionMark: null,
      queryMark: null,
      blocksOthers: false,
      holdsNothing: false,
    };
    const victims = [{ identity: session.identity, method: 'terminate', expect: expect_ }];
    expect(await ask(worker, 'end', 'a', { victims, graceMs: 0 })).toMatchObject({
      ok: true,
      endings: [{ result: 'gone' }],
    });
    expect([await isAlive(onWriter), await isAlive(onReader)]).toEqual([true, true]);
    const seen = (await snapshotOf('b')).sessions.find(({ identity }) => identity.id === id);
    const again = [{ ...victims[0], identity: seen?.identity }];
    expect(await ask(worker, 'end', 'b', { victims: again, graceMs: 2_000 })).toMatchObject({
      ok: true,
      endings: [{ result: 'ended' }],
    });
    expect([await isAlive(onWriter), await isAlive(onReader)]).toEqual([true, false]);
  });
});
