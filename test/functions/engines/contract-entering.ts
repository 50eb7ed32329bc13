import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../drill/servers/server-process.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { beRefused, openWorker, takeSample, takeSnapshot, type Stage } from './stage.ts';

/** Getting into a full server, and saying why not. */
export function describeEntering(stage: () => Stage): void {
  const workers: Worker[] = [];
  const open = async (...settings: Parameters<typeof openWorker> extends [Stage, ...infer Rest] ? Rest : never) => {
    const worker = await openWorker(stage(), ...settings);
    workers.push(worker);
    return worker;
  };
  afterEach(() => workers.splice(0).forEach((worker) => worker.close()));

  test('the first request logs in, later ones use the same session', async () => {
    const worker = await open();
    const request = { schema: SCHEMA, kind: 'sample', deadline: Date.now() + 10_000 };
    expect(await worker.answer(request)).toMatchObject({ ok: true, admission: { way: 'first-try', attempts: 1 } });
    expect(await worker.answer(request)).toMatchObject({ ok: true, admission: { way: 'warm', attempts: 0 } });
  });

  test('the warm session answers when every slot is taken, and the canary is refused as full', async () => {
    const worker = await open();
    await takeSample(worker);
    await stage().fill('app');
    await stage().fill('administrator');
    const sample = await takeSample(worker);
    expect(sample.canary).toMatchObject({ result: 'refused', refusal: { kind: 'full' } });
    expect(sample.used).toBeGreaterThanOrEqual(sample.limits.usable);
  });

  test('a new login gets in by the reserve where the engine has one, else it is refused as full', async () => {
    await stage().fill('app');
    const worker = await open();
    const answer = await worker.answer({ schema: SCHEMA, kind: 'sample', deadline: Date.now() + 10_000 });
    if (stage().responderHasReserve) {
      expect(answer).toMatchObject({ ok: true, admission: { way: 'first-try', reserved: true } });
      expect(answer).toMatchObject({ sample: { canary: { result: 'refused', refusal: { kind: 'full' } } } });
    } else {
      expect(answer).toMatchObject({ ok: false, refusal: { kind: 'full' }, attempts: 1 });
    }
  });

  test('it waits for the next slot that frees, reserves and all being taken', async () => {
    const clients = await stage().fill('app');
    await stage().fill('administrator');
    const worker = await open();
    // The first ones to free are the administrators' reserve.
    const { reserved, beyond } = stage();
    const freed = sleep(500).then(() =>
      Promise.all(clients.slice(0, reserved + beyond + 1).map((client) => client.close())),
    );
    const request = { schema: SCHEMA, kind: 'snapshot', deadline: Date.now() + 10_000, patienceMs: 8_000 };
    const answer = await worker.answer(request);
    await freed;
    expect(answer).toMatchObject({ ok: true, admission: { way: 'retry' } });
    if (answer.ok) expect(answer.admission.waitedMs).toBeGreaterThanOrEqual(450);
  });

  test('its patience ends when it is told to, with the last refusal', async () => {
    await stage().fill('app');
    await stage().fill('administrator');
    const refused = await beRefused(await open(), 600);
    expect(refused.refusal.kind).toBe('full');
    expect(refused.attempts).toBeGreaterThan(2);
    expect(refused.waitedMs).toBeGreaterThanOrEqual(600);
    expect(refused.waitedMs).toBeLessThan(20_000);
  });

  test('a slot that an ordinary client frees is won by an ordinary login too', async () => {
    const clients = await stage().fill('app');
    const worker = await open({ auth: { mode: 'url', variable: 'CANARY', canaryVariable: null } });
    const freed = sleep(300).then(() => clients[0]?.close());
    const snapshot = await takeSnapshot(worker, 8_000);
    await freed;
    expect(snapshot.canary).toEqual({ result: 'unknown' });
  });

  test('a wrong password is not a full server, and waiting for it is pointless', async () => {
    const url = stage().withUrl(stage().responderUrl, { password: 'not it' });
    const refused = await beRefused(await open({}, url), 5_000);
    expect(refused).toMatchObject({ refusal: { kind: 'authentication' }, attempts: 1 });
    expect(JSON.stringify(refused)).not.toContain('not it');
  });

  test('a database that does not exist is named', async () => {
    const refused = await beRefused(await open({}, stage().withUrl(stage().responderUrl, { database: 'nowhere' })));
    expect(refused.refusal).toMatchObject({ kind: 'missing-database' });
  });

  test("a login's own limit is not a full server", async () => {
    const url = await stage().limitedUrl(1);
    await takeSample(await open({}, url));
    expect((await beRefused(await open({}, url), 5_000)).refusal.kind).toBe('consumer-full');
  });

  test('no server at the address is a matter of the network', async () => {
    const url = new URL(stage().responderUrl);
    url.port = '1';
    expect((await beRefused(await open({}, url.href))).refusal).toMatchObject({
      kind: 'network',
      code: 'ECONNREFUSED',
    });
  });

  test('an address that a restart or failover takes away for a while is tried until it is back', async () => {
    const door = createServer((client) => {
      const server = connect(stage().port, stage().host);
      client.pipe(server).pipe(client);
      client.on('error', () => server.destroy());
      server.on('error', () => client.destroy());
    });
    const port = await freePort();
    const url = new URL(stage().responderUrl);
    url.port = String(port);
    const opened = sleep(700).then(() => door.listen(port, '127.0.0.1'));
    const answer = await (
      await open({}, url.href)
    ).answer({ schema: SCHEMA, kind: 'snapshot', deadline: Date.now() + 10_000, patienceMs: 8_000 });
    await opened;
    expect(answer).toMatchObject({ ok: true, admission: { way: 'retry', refusedAsFull: 0 } });
    if (answer.ok) expect(answer.admission.waitedMs).toBeGreaterThanOrEqual(650);
    workers.splice(0).forEach((worker) => worker.close());
    door.close();
  });

  test('a server without TLS is told apart from one that is away', async () => {
    for (const mode of ['verify-full', 'require'] as const) {
      expect((await beRefused(await open({ tls: { mode, ca: null } }))).refusal.kind).toBe('tls');
    }
  });

  test('a session that dies between two requests costs one new login, not the process', async () => {
    const worker = await open();
    const before = await takeSnapshot(worker);
    await stage().restart();
    const after = await takeSnapshot(worker, 2_000);
    expect(after.server.identity).not.toBe(before.server.identity);
    for (const { identity } of after.sessions) expect(identity.server).toBe(after.server.identity);
  });

  test('a request whose deadline has passed is refused before anything is looked at', async () => {
    const answer = await (await open()).answer({ schema: SCHEMA, kind: 'sample', deadline: Date.now() - 1 });
    expect(answer).toMatchObject({ ok: false, refusal: { kind: 'too-late' }, attempts: 0 });
  });
}
