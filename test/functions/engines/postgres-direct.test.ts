import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from '../../../drill/servers/postgres.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { startPgBouncer } from '../../support/pgbouncer.ts';
import { openPostgresStage, until, type PostgresStage } from './postgres-stage.ts';
import { beRefused, endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

/** A login proves that clients get in, or may act, only when it is direct, at the right server, and Headroom's own. */
describe('on PostgreSQL a login', { timeout: 60_000 }, () => {
  let stage: PostgresStage;
  let bouncer: Awaited<ReturnType<typeof startPgBouncer>>;
  let worker: Worker;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    stage = await openPostgresStage(18);
    bouncer = await startPgBouncer(stage.port, [stage.canaryUrl, stage.responderUrl]);
  }, 240_000);
  afterEach(async () => {
    worker.close();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
    await stage.clear();
    // The pooler keeps sessions for its next client.
    await until(async () => {
      await stage.administer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'headroom%' AND pid <> pg_backend_pid()",
      );
      const fresh = await openWorker(stage);
      const { strangers } = await takeSample(fresh);
      fresh.close();
      return strangers.responder + strangers.canary === 0;
    });
  });
  afterAll(async () => {
    await bouncer.stop();
    await stage.stop();
  });

  const work = async (urls: { readonly canary?: string; readonly responder?: string }) => {
    worker = await openWorker(stage, {}, urls.responder, urls.canary);
  };
  const connect = async (connectionString: string, application = 'web') => {
    const client = new pg.Client({ connectionString, application_name: application });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0;
  };

  test('of the canary that a pooler lets in proves nothing, also while the server is full', async () => {
    await work({ canary: bouncer.through(stage.canaryUrl) });
    const calm = await takeSample(worker);
    await stage.fill();
    const full = await takeSample(worker);
    for (const { canary } of [calm, full]) {
      expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'wrong-server' } });
    }
    expect(calm.canary).toMatchObject({ refusal: { message: expect.stringContaining('pooler') as string } });
  });

  test('of the canary at another server proves nothing', async () => {
    const other = await startPostgres({ major: 18 });
    try {
      await work({ canary: other.adminUrl });
      const { canary } = await takeSample(worker);
      expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'wrong-server' } });
    } finally {
      await other.stop();
    }
  });

  test('of the canary that an application uses too, or that may use reserved slots, proves nothing', async () => {
    await stage.open();
    await work({ canary: stage.server.urlFor({ user: 'app', password: 'app' }) });
    expect((await takeSample(worker)).canary).toMatchObject({ result: 'refused', refusal: { kind: 'unfit-login' } });
    expect((await takeSnapshot(worker)).canary).toMatchObject({ refusal: { kind: 'unfit-login' } });
    worker.close();
    await work({ canary: stage.responderUrl });
    expect((await takeSample(worker)).canary).toMatchObject({ result: 'refused', refusal: { kind: 'unfit-login' } });
  });

  test('of the canary that is direct, here and nobody else’s proves that clients get in', async () => {
    await work({});
    expect((await takeSample(worker)).canary).toMatchObject({ result: 'admitted' });
  });

  test('of the responder that a pooler lets in is refused', async () => {
    await work({ responder: bouncer.through(stage.responderUrl) });
    expect((await beRefused(worker, 2_000)).refusal).toMatchObject({
      kind: 'wrong-server',
      message: expect.stringContaining('pooler') as string,
    });
  });

  test('at a pooler that is full itself, or refuses, says nothing of the server, which has slots', async () => {
    const small = await startPgBouncer(stage.port, [stage.canaryUrl, stage.responderUrl], 0);
    try {
      await work({ canary: small.through(stage.canaryUrl), responder: small.through(stage.responderUrl) });
      const refused = await beRefused(worker, 1_000);
      expect(refused).toMatchObject({ refusal: { kind: 'wrong-server' }, attempts: 1 });
      expect(refused.refusal.message).toMatch(
        /^a pooler or proxy answers at this address.*no more connections allowed/,
      );
      worker.close();
      await work({ canary: small.through(stage.canaryUrl) });
      const { canary, halfOpen } = await takeSample(worker);
      expect(canary).toMatchObject({ result: 'refused', refusal: { kind: 'wrong-server' } });
      expect(halfOpen.count).toBe(0);
    } finally {
      await small.stop();
    }
  });

  test('that Headroom shares makes no session of others its own: they are counted and can be ended', async () => {
    await work({});
    const shared = await connect(stage.responderUrl);
    const named = await connect(stage.responderUrl, 'headroom');
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, { id: shared })).toMatchObject({ own: false, kind: 'client' });
    expect(sessionOf(snapshot, { id: named })).toMatchObject({ own: true });
    expect(snapshot.strangers).toEqual({ responder: 1, canary: 0 });
    expect((await takeSample(worker)).strangers).toEqual({ responder: 1, canary: 0 });
    expect((await takeSample(worker)).consumers.largest.map(({ name }) => name)).toContain('headroom_responder/web');
    const victims = [shared, named].map((id) => victimOf(sessionOf(snapshot, { id })));
    expect((await endSessions(worker, victims)).map(({ result }) => result)).toEqual(['ended', 'changed']);
  });
});
