import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMysql } from '../../../drill/servers/mysql.ts';
import type { MysqlStageOptions } from './mysql-stage.ts';
import { OnMysql } from './on-mysql.ts';
import { beRefused, endSessions, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

/** A login proves that clients get in, or may act, only when it is direct, at the right server, and Headroom's own. */
describe.each<MysqlStageOptions>([
  { flavour: 'mysql', performanceSchema: true },
  { flavour: 'mysql', performanceSchema: false },
  { flavour: 'mariadb', performanceSchema: true },
])('on $flavour, performance_schema: $performanceSchema, a login', { timeout: 120_000 }, (options) => {
  const on = new OnMysql(options);
  let pooler: Awaited<ReturnType<typeof startPooler>>;

  beforeAll(async () => {
    pooler = await startPooler(on.stage.port);
  });
  afterAll(() => pooler.stop());

  const canaryNow = async () => [(await takeSample(on.worker)).canary, (await takeSnapshot(on.worker)).canary];

  test('of the canary that a pooler lets in proves nothing', async () => {
    await on.logIn({ canary: pooler.through(on.stage.canaryUrl) });
    for (const canary of await canaryNow()) {
      expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'wrong-server' } });
    }
  });

  test('of the responder that a pooler lets in is refused', async () => {
    await on.logIn({ responder: pooler.through(on.stage.responderUrl) });
    expect((await beRefused(on.worker, 2_000)).refusal).toMatchObject({ kind: 'wrong-server' });
  });

  test('of the canary at another server proves nothing', async () => {
    const other = await startMysql({ ...options, maxConnections: 10 });
    try {
      await on.logIn({ canary: other.adminUrl });
      const { canary } = await takeSample(on.worker);
      expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'wrong-server' } });
    } finally {
      await other.stop();
    }
  });

  test('of the canary that may use the slot beyond max_connections proves nothing', async () => {
    await on.logIn({ canary: on.stage.responderUrl });
    for (const canary of await canaryNow()) {
      expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'unfit-login' } });
    }
  });

  test('of the canary that is direct, here and nobody else’s proves that clients get in', async () => {
    await on.logIn({});
    for (const canary of await canaryNow()) expect(canary).toMatchObject({ result: 'admitted' });
  });

  test('that Headroom shares makes no session of others its own, where applications show', async () => {
    await on.logIn({ canary: on.stage.server.urlFor({ user: 'app', password: 'app' }) });
    const shared = await on.stage.open();
    const named = await on.stage.open({ application: 'headroom' });
    const snapshot = await takeSnapshot(on.worker);
    const isShown = options.performanceSchema;
    expect(sessionOf(snapshot, named)).toMatchObject({ own: true });
    expect(sessionOf(snapshot, shared)).toMatchObject({ own: !isShown, doubts: isShown ? [] : ['application'] });
    expect(snapshot.strangers).toEqual({ responder: 0, canary: isShown ? 1 : 0 });
    expect(snapshot.canary).toMatchObject(
      isShown ? { result: 'refused', refusal: { kind: 'unfit-login' } } : { result: 'admitted' },
    );
    const victims = [shared, named].map((client) => victimOf(sessionOf(snapshot, client)));
    expect((await endSessions(on.worker, victims)).map(({ result }) => result)).toEqual([
      isShown ? 'ended' : 'changed',
      'changed',
    ]);
  });
});

/** Greets with ids of its own, as poolers do, and otherwise forwards. */
async function startPooler(to: number) {
  let clients = 0;
  const pooler = createServer((client) => {
    const server = connect(to, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => undefined);
    server.once('data', (greeting: Buffer) => {
      // Four bytes of header, the version of the protocol, then that of the server, which ends in a zero.
      const id = greeting.indexOf(0, 5) + 1;
      greeting.writeUInt32LE(1_000_000 + ++clients, id);
      client.write(greeting);
      server.pipe(client);
    });
    client.pipe(server);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(pooler, 'listening');
  const { port } = pooler.address() as AddressInfo;
  return {
    through: (url: string) => Object.assign(new URL(url), { port: String(port) }).href,
    stop: async () => {
      pooler.close();
      await once(pooler, 'close');
    },
  };
}
