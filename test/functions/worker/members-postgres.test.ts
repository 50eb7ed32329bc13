import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLogins, startPostgres, type Logins, type PostgresServer } from '../../../drill/servers/postgres.ts';
import { hostOf, MEMBER_NAME } from '../../../functions/core/members/member.ts';
import { UNBOUNDED } from '../../../functions/core/policy/bounds.ts';
import type { WorkerReply } from '../../../functions/core/protocol/worker.ts';
import type { Sample, Snapshot } from '../../../functions/core/server/snapshot.ts';
import { engineEntry } from '../../../functions/engines/registry.ts';
import { createWorker, type Worker } from '../../../functions/worker/worker.ts';
import { ask, openClusterWorker, startCluster, type PretendedCluster } from './members.ts';

let writer: PostgresServer;
let reader: PostgresServer;
let logins: Logins;
let cluster: PretendedCluster;
/** The reader is of the same files as the writer in Aurora, so it has the same logins. */
async function startMember(name: string): Promise<readonly [PostgresServer, Logins]> {
  const server = await startPostgres({ maxConnections: 20 });
  const made = await createLogins(server);
  await administer(
    server,
    `CREATE FUNCTION pg_catalog.aurora_db_instance_identifier() RETURNS text LANGUAGE sql AS $$ SELECT '${name}' $$`,
  );
  await administer(server, "CREATE ROLE app LOGIN PASSWORD 'app'");
  return [server, made];
}

async function administer(server: PostgresServer, sql: string): Promise<void> {
  const client = new pg.Client(server.adminUrl);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

beforeAll(async () => {
  const [[first, made], [second, others]] = await Promise.all([startMember('a'), startMember('b')]);
  [writer, logins, reader] = [first, made, second];
  const passwordOf = (url: string) => decodeURIComponent(new URL(url).password);
  for (const [own, one] of [
    [made.responderUrl, others.responderUrl],
    [made.canaryUrl, others.canaryUrl],
  ] as const) {
    await administer(reader, `ALTER ROLE "${new URL(one).username}" PASSWORD '${passwordOf(own)}'`);
  }
  await writeFile(join(reader.data, 'standby.signal'), '', { mode: 0o666 });
  await reader.restart('fast');
  cluster = await startCluster({ a: writer.port, b: reader.port, c: reader.port });
});
afterAll(async () => {
  await Promise.all(Object.values(cluster.lines).map((line) => line.cut()));
  await Promise.all([writer.stop(), reader.stop()]);
});
const workers: Worker[] = [];
const clients: pg.Client[] = [];
afterEach(async () => {
  workers.splice(0).forEach((worker) => worker.close());
  await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
});

async function open(bounds = UNBOUNDED): Promise<Worker> {
  const urls = { responder: logins.responderUrl, canary: logins.canaryUrl };
  const worker = await openClusterWorker('postgres', cluster, urls, { bounds });
  workers.push(worker);
  return worker;
}

function sampleIn(reply: WorkerReply): Sample {
  if ('sample' in reply) return reply.sample;
  throw new Error(JSON.stringify(reply));
}

async function snapshotOf(worker: Worker, member: string): Promise<Snapshot> {
  const reply = await ask(worker, 'snapshot', member, { patienceMs: 0 });
  if ('snapshot' in reply) return reply.snapshot;
  throw new Error(JSON.stringify(reply));
}

async function connectIdle(server: PostgresServer): Promise<pg.Client> {
  const client = new pg.Client(server.urlFor({ user: 'app', password: 'app' }));
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

describe('the worker of a cluster', () => {
  test('samples each member by its own name, the reader as read-only, over one warm session to each', async () => {
    const worker = await open();
    const [first, second] = await Promise.all([ask(worker, 'sample', 'a'), ask(worker, 'sample', 'b')]);
    expect(sampleIn(first).server.readOnly).toBe(false);
    expect(sampleIn(second).server.readOnly).toBe(true);
    expect(sampleIn(first).server.identity).not.toBe(sampleIn(second).server.identity);
    expect(sampleIn(first).canary.result).toBe('admitted');
    expect(sampleIn(second).canary.result).toBe('admitted');
    expect(await ask(worker, 'sample', 'a')).toMatchObject({ admission: { way: 'warm' } });
    expect(await ask(worker, 'sample', 'b')).toMatchObject({ admission: { way: 'warm' } });
  });

  test('refuses a server that says it is another member than the one asked for', async () => {
    const reply = await ask(await open(), 'sample', 'c');
    expect(reply).toMatchObject({ ok: false, refusal: { kind: 'wrong-server' } });
    expect(JSON.stringify(reply)).toContain('this is the instance \\"b\\", not \\"c\\"');
  });

  test('does not let a member that hangs hold up another', async () => {
    const worker = await open();
    await ask(worker, 'sample', 'b');
    await cluster.lines.b?.cut();
    try {
      const hanging = ask(worker, 'snapshot', 'b', { patienceMs: 4_000 });
      const startedAt = Date.now();
      expect(await ask(worker, 'sample', 'a')).toMatchObject({ ok: true });
      expect(Date.now() - startedAt).toBeLessThan(3_000);
      expect(await hanging).toMatchObject({ ok: false });
    } finally {
      await cluster.lines.b?.mend();
    }
  });

  test('ends a session on the reader when it is named, and never one of the reader through the writer', async () => {
    const worker = await open();
    await connectIdle(reader);
    const seen = await snapshotOf(worker, 'b');
    const session = seen.sessions.find(({ user }) => user === 'app');
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
    const byWriter = await ask(worker, 'end', 'a', { victims, graceMs: 0 });
    expect(byWriter).toMatchObject({ ok: true, endings: [{ result: 'gone' }] });
    expect((await snapshotOf(worker, 'b')).sessions.map(({ identity }) => identity)).toContainEqual(session.identity);
    const byReader = await ask(worker, 'end', 'b', { victims, graceMs: 0 });
    expect(byReader).toMatchObject({ ok: true, endings: [{ result: 'ended' }] });
  });
});

describe('a server that pauses without connections', () => {
  const sessionsOf = async (server: PostgresServer): Promise<number> => {
    const client = new pg.Client(server.adminUrl);
    await client.connect();
    const found = await client.query("SELECT FROM pg_stat_activity WHERE usename LIKE 'headroom%'");
    await client.end();
    return found.rowCount ?? 0;
  };

  test('has no session of Headroom once nobody else is connected, and a warm one while somebody is', async () => {
    const worker = await open();
    expect(await ask(worker, 'sample', 'a', { leaveWhenAlone: false })).toMatchObject({ ok: true });
    expect(await sessionsOf(writer)).toBe(1);
    const somebody = await connectIdle(writer);
    expect(await ask(worker, 'sample', 'a', { leaveWhenAlone: true })).toMatchObject({ admission: { way: 'warm' } });
    expect(await sessionsOf(writer)).toBe(1);
    await somebody.end();
    await expect.poll(async () => sampleIn(await ask(worker, 'sample', 'a')).consumers.largest).toEqual([]);
    expect(await ask(worker, 'sample', 'a', { leaveWhenAlone: true })).toMatchObject({ admission: { way: 'warm' } });
    expect(await sessionsOf(writer)).toBe(0);
  });
});

describe('a request cannot lead elsewhere', () => {
  test.each([undefined, null, '', 'A', '127.0.0.1', 'b.example.com', 'a#', 'a:1', 'a/../b', '*', 'a-', 'a\n', 7])(
    'no member is %j',
    async (member) => {
      await expect(ask(await open(), 'sample', member)).rejects.toMatchObject({ name: 'BadRequest' });
    },
  );

  test('whatever a name holds, it is refused, or the host is one label in the place of the star', () => {
    const suffix = '.c0abc.eu-west-1.rds.amazonaws.com';
    const names = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.stringMatching(MEMBER_NAME),
      fc.webUrl(),
      fc.ipV4(),
      fc.domain(),
      fc.mixedCase(fc.stringMatching(/^[a-z$&`'.*/@:#-]{0,20}$/)),
    );
    fc.assert(
      fc.property(names, (name) => {
        if (!MEMBER_NAME.test(name)) return;
        const host = hostOf(`*${suffix}`, name);
        expect(host).toBe(name + suffix);
        expect(new URL(`postgresql://u:p@${host}/d`).hostname).toBe(host);
        expect(host.slice(0, -suffix.length)).not.toMatch(/[^a-z0-9-]/);
      }),
      { numRuns: 500 },
    );
  });

  test('the worker of one server takes no member', async () => {
    const settings = { instance: 'orders', members: undefined };
    const urls = { responder: logins.responderUrl, canary: logins.canaryUrl };
    const worker = await openClusterWorker('postgres', { ...cluster, port: writer.port }, urls, settings);
    await expect(ask(worker, 'sample', 'a')).rejects.toMatchObject({ name: 'BadRequest' });
  });

  test('a password, which works wherever the login is, does not open a cluster', async () => {
    const settings = {
      engine: 'postgres',
      instance: 'shop',
      host: null,
      members: '*.c0abc.eu-west-1.rds.amazonaws.com',
      port: 5432,
      database: 'postgres',
      auth: { mode: 'secret', region: 'eu-west-1', secretArn: 'arn:one', canarySecretArn: null },
      tls: { mode: 'verify-full', ca: null },
      statements: 'redacted',
      bounds: UNBOUNDED,
    } as const;
    await expect(createWorker(settings, { env: {}, folder: '/' }, engineEntry(settings.engine))).rejects.toThrow(
      /a cluster needs mode "iam"/,
    );
  });
});
