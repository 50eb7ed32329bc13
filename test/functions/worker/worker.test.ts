import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createLogins, startPostgres, type Logins, type PostgresServer } from '../../../drill/servers/postgres.ts';
import { bytesOf, LAMBDA_BYTES, unpack } from '../../../functions/core/protocol/packing.ts';
import type { SnapshotAnswer } from '../../../functions/core/protocol/worker.ts';
import type { WorkerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import { postgres } from '../../../functions/engines/postgres-entry.ts';
import { engineEntry } from '../../../functions/engines/registry.ts';
import { handler } from '../../../functions/worker/handlers/postgres.ts';
import { createWorker } from '../../../functions/worker/worker.ts';
import { byUrl } from '../../support/by-url.ts';
import { AURORAS_MOST } from '../../support/a-crowd.ts';
import { pretendSessions } from '../../support/pretended-sessions.ts';

let server: PostgresServer;
let logins: Logins;
beforeAll(async () => {
  server = await startPostgres();
  logins = await createLogins(server);
});
afterAll(() => server.stop());
afterEach(() => {
  vi.unstubAllEnvs();
});

const SETTINGS = byUrl('postgres');
const sampleBy = () => ({ schema: 1, kind: 'sample', deadline: Date.now() + 10_000 });

describe('the handler', () => {
  test('keeps its session between invocations', async () => {
    vi.stubEnv('HEADROOM_WORKER', JSON.stringify(SETTINGS));
    vi.stubEnv('RESPONDER', logins.responderUrl);
    vi.stubEnv('CANARY', logins.canaryUrl);
    expect(await handler(sampleBy())).toMatchObject({ ok: true, admission: { way: 'first-try' } });
    expect(await handler(sampleBy())).toMatchObject({ ok: true, admission: { way: 'warm' } });
    await server.restart('immediate');
    expect(await handler(sampleBy())).toMatchObject({ ok: true, admission: { way: 'first-try' } });
  });
});

describe('payloads', () => {
  const open = () =>
    createWorker(
      SETTINGS,
      { env: { RESPONDER: logins.responderUrl, CANARY: logins.canaryUrl }, folder: '/' },
      postgres,
    );

  test.each([[{ schema: 2, kind: 'sample' }], [{}], [null], ['sample']])(
    '%j is of another version',
    async (payload) => {
      await expect((await open()).answer(payload)).rejects.toMatchObject({ name: 'SchemaMismatch' });
    },
  );

  test('a snapshot that is routine takes one slot: the canary is not tried', async () => {
    const worker = await open();
    const ask = async (routine: boolean) =>
      worker.answer({ schema: 1, kind: 'snapshot', deadline: Date.now() + 10_000, patienceMs: 0, routine });
    expect(await ask(false)).toMatchObject({ ok: true, snapshot: { canary: { result: 'admitted' } } });
    expect(await ask(true)).toMatchObject({
      ok: true,
      admission: { way: 'warm' },
      snapshot: { canary: { result: 'unknown' }, halfOpen: { count: 0 } },
    });
    worker.close();
  });

  test('one of this version that makes no sense is refused with what is wrong', async () => {
    const answer = (await open()).answer({ schema: 1, kind: 'snapshot', deadline: 'soon' });
    await expect(answer).rejects.toMatchObject({ name: 'BadRequest' });
    await expect(answer).rejects.toThrow(/deadline/);
  });

  test('requests that overlap wait for each other', async () => {
    const worker = await open();
    const answers = await Promise.all([
      worker.answer(sampleBy()),
      worker.answer(sampleBy()),
      worker.answer(sampleBy()),
    ]);
    worker.close();
    expect(answers.map((answer) => answer.ok && answer.admission.way)).toEqual(['first-try', 'warm', 'warm']);
  });
});

describe('settings that cannot work are named at once', () => {
  test.each<[string, Partial<WorkerSettings>, Record<string, string>, RegExp]>([
    ['a missing variable', {}, {}, /^RESPONDER: /],
    ['a URL that is none', {}, { RESPONDER: 'hunter2' }, /^RESPONDER: is not a URL/],
    ['a CA file that is not there', { tls: { mode: 'verify-full', ca: 'no.pem' } }, {}, /^tls\.ca: .*\/no\.pem/],
    [
      'a URL of another engine',
      { engine: 'mysql' },
      { RESPONDER: 'postgresql://u:hunter2@h/d' },
      /^RESPONDER: its scheme/,
    ],
    ['no host', { auth: { mode: 'iam', region: 'r', user: 'u', canaryUser: 'c' } }, {}, /^host: /],
  ])('%s', async (_, changes, env, words) => {
    const settings = { ...SETTINGS, ...changes };
    const worker = createWorker(settings, { env, folder: '/nowhere' }, engineEntry(settings.engine));
    await expect(worker).rejects.toThrow(words);
    await expect(worker).rejects.not.toThrow(/hunter2/);
  });
});

describe('in secret mode', () => {
  /** A Secrets Manager that hands out these values in turn, the last one for ever. */
  async function serveSecrets(values: readonly unknown[]): Promise<Server> {
    let asked = 0;
    const secrets = createServer((_, response) => {
      const value = values[Math.min(asked++, values.length - 1)];
      response.end(JSON.stringify({ SecretString: JSON.stringify(value) }));
    }).listen(0, '127.0.0.1');
    await once(secrets, 'listening');
    const address = secrets.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${address.port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
    return secrets;
  }
  const settings = (): WorkerSettings => ({
    ...SETTINGS,
    host: server.host,
    port: server.port,
    auth: { mode: 'secret', region: 'eu-central-1', secretArn: 'arn:one', canarySecretArn: null },
  });

  test('a password that was changed is read again, once', async () => {
    const { username, password } = new URL(logins.responderUrl);
    const secrets = await serveSecrets([
      { username, password: 'old' },
      { username, password },
    ]);
    const worker = await createWorker(settings(), { env: {}, folder: '/' }, postgres);
    const answer = await worker.answer(sampleBy());
    worker.close();
    secrets.close();
    expect(answer).toMatchObject({ ok: true, admission: { attempts: 2 } });
  });

  test('a password that stays wrong is refused after two tries', async () => {
    const secrets = await serveSecrets([{ username: 'headroom', password: 'wrong' }]);
    const worker = await createWorker(settings(), { env: {}, folder: '/' }, postgres);
    const answer = await worker.answer(sampleBy());
    secrets.close();
    expect(answer).toMatchObject({ ok: false, refusal: { kind: 'authentication', code: '28P01' }, attempts: 2 });
    expect(JSON.stringify(answer)).not.toContain('wrong');
  });

  test('a secret that cannot be read is an answer', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', 'http://127.0.0.1:1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
    const worker = await createWorker(settings(), { env: {}, folder: '/' }, postgres);
    const answer = await worker.answer(sampleBy());
    expect(answer).toMatchObject({ ok: false, refusal: { kind: 'authentication' } });
  });
});

test('a server that takes connections and never answers costs no more than the time for one', async () => {
  const { createServer: listen } = await import('node:net');
  const mute = listen(() => undefined).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const address = mute.address();
  const url = new URL(logins.responderUrl);
  url.port = String(address !== null && typeof address === 'object' ? address.port : 1);
  const worker = await createWorker(
    SETTINGS,
    { env: { RESPONDER: url.href, CANARY: url.href }, folder: '/' },
    postgres,
  );
  const startedAt = Date.now();
  const answer = await worker.answer(sampleBy());
  mute.close();
  expect(answer).toMatchObject({ ok: false, refusal: { kind: 'silent' } });
  expect(Date.now() - startedAt).toBeLessThan(5_000);
});

// The last one, as the server goes on showing them.
test('answers with 16,000 sessions in no more than Lambda passes on', async () => {
  await pretendSessions(server.adminUrl, AURORAS_MOST);
  vi.stubEnv('HEADROOM_WORKER', JSON.stringify(SETTINGS));
  vi.stubEnv('RESPONDER', logins.responderUrl);
  vi.stubEnv('CANARY', logins.canaryUrl);
  const sent = await handler({ schema: 1, kind: 'snapshot', deadline: Date.now() + 30_000, patienceMs: 0 });
  expect(bytesOf(sent)).toBeLessThan(LAMBDA_BYTES);
  const answer = unpack(JSON.parse(JSON.stringify(sent))) as SnapshotAnswer;
  expect(answer.ok && answer.snapshot.sessions.length).toBeGreaterThan(AURORAS_MOST);
  expect(answer.ok && answer.snapshot.leftOut).toBeUndefined();
  expect(bytesOf(answer)).toBeGreaterThan(1.5 * LAMBDA_BYTES);
});
