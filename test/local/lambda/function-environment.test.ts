import { createServer } from 'node:http';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { buildFunctionEnvironment, type Endpoints } from '../../../local/lambda/function-environment.ts';
import { createLocalFunction } from '../../../local/lambda/local-function.ts';
import { serveLoopback } from '../../../local/machine/loopback-server.ts';
import { RUN_KEY } from '../../../local/machine/run-key.ts';
import type { FunctionEvent, Progress } from '../../../local/machine/progress.ts';
import { makeFolder, makeFunction, makeProcessSettings } from '../workbench.ts';

const ENDPOINTS: Endpoints = { dynamodb: 'http://127.0.0.1:1', sns: 'http://127.0.0.1:2', aws: 'http://127.0.0.1:3' };

/** What a careless or unlucky shell holds. */
const PARENT = {
  AWS_PROFILE: 'production',
  AWS_ACCESS_KEY_ID: 'AKIAREALLOOKINGKEY00',
  AWS_SECRET_ACCESS_KEY: 'real-looking-secret',
  AWS_SESSION_TOKEN: 'real-looking-token',
  AWS_REGION: 'eu-central-1',
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:9/credentials',
  AWS_WEB_IDENTITY_TOKEN_FILE: '/dev/null',
  AWS_ENDPOINT_URL: 'https://example.com',
  AWS_ENDPOINT_URL_DYNAMODB: 'https://dynamodb.eu-central-1.amazonaws.com',
  NODE_OPTIONS: '--no-warnings',
  HTTPS_PROXY: 'http://proxy.example.com:3128',
  PGPASSWORD: 'secret',
} as const;

afterEach(() => vi.unstubAllEnvs());

async function run(source: string, reachable: readonly string[] = []): Promise<{ answer: unknown; seen: Progress[] }> {
  const spec = await makeFunction(source, { environment: { HEADROOM_TABLE: 'incidents' }, timeoutMs: 20_000 });
  const home = await makeFolder();
  const environment = buildFunctionEnvironment(spec, ENDPOINTS, home, {});
  const settings = await makeProcessSettings(spec, { environment, reachable, home });
  const local = createLocalFunction(settings);
  onTestFinished(() => local.kill());
  const result = await local.invoke('null');
  if (result.kind !== 'answered') throw new Error(JSON.stringify(result));
  return { answer: JSON.parse(result.payload) as unknown, seen: settings.seen };
}

function refusals(seen: readonly Progress[]): string[] {
  const isRefusal = (one: Progress): one is FunctionEvent => one.kind === 'function' && one.event === 'refused';
  return seen.filter(isRefusal).map(({ detail }) => detail);
}

test('a function sees its own variables and none of those of the process that runs it', async () => {
  for (const [name, value] of Object.entries(PARENT)) vi.stubEnv(name, value);
  const { answer } = await run(`export const handler = async () => process.env;`);
  const own = answer as Record<string, string>;
  expect(own).toMatchObject({
    HEADROOM_TABLE: 'incidents',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: RUN_KEY.accessKeyId,
    AWS_ENDPOINT_URL: ENDPOINTS.aws,
    AWS_ENDPOINT_URL_DYNAMODB: ENDPOINTS.dynamodb,
    AWS_EC2_METADATA_DISABLED: 'true',
  });
  const leaked = Object.values(PARENT).filter((value) => value !== '/dev/null' && Object.values(own).includes(value));
  expect(leaked).toEqual([]);
  // What Node adds to tell the process of its channel is all there is beyond what was built.
  const built = Object.keys(buildFunctionEnvironment(await makeFunction(''), ENDPOINTS, '', {}));
  const known = new Set([...built, 'HEADROOM_TABLE', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']);
  expect(Object.keys(own).filter((name) => !known.has(name))).toEqual([]);
});

test('no variable of the template can lead the SDK elsewhere', async () => {
  const spec = await makeFunction('', {
    environment: { AWS_ENDPOINT_URL_DYNAMODB: 'https://dynamodb.eu-west-1.amazonaws.com', AWS_ACCESS_KEY_ID: 'other' },
  });
  expect(buildFunctionEnvironment(spec, ENDPOINTS, '', {})).toMatchObject({
    AWS_ENDPOINT_URL_DYNAMODB: ENDPOINTS.dynamodb,
    AWS_ACCESS_KEY_ID: RUN_KEY.accessKeyId,
  });
});

test('an SDK client that insists on a real region is refused before it asks for an address', async () => {
  for (const [name, value] of Object.entries(PARENT)) vi.stubEnv(name, value);
  const { answer, seen } = await run(`
    import { DynamoDBClient, ListTablesCommand } from ${JSON.stringify(import.meta.resolve('@aws-sdk/client-dynamodb'))};
    export const handler = async () => {
      const client = new DynamoDBClient({ endpoint: 'https://dynamodb.eu-west-1.amazonaws.com', region: 'eu-west-1', maxAttempts: 1 });
      return client.send(new ListTablesCommand({})).then(() => 'answered', (error) => error.name);
    };`);
  expect(answer).toBe('NotLoopback');
  expect(refusals(seen)).toEqual(['a connection to dynamodb.eu-west-1.amazonaws.com:443']);
});

test('every other way out is refused as well', async () => {
  const { answer, seen } = await run(`
    import net from 'node:net'; import tls from 'node:tls'; import http2 from 'node:http2'; import https from 'node:https';
    import dns, { lookup } from 'node:dns'; import dgram from 'node:dgram';
    import { spawn } from 'node:child_process'; import { Worker } from 'node:worker_threads';
    const failed = (emitter) => new Promise((resolve) => emitter.once('error', (error) => resolve(error.name)));
    const name = async (act) => { try { await act(); return 'allowed'; } catch (error) { return error.name === 'Error' ? error.code : (error.cause ?? error).name; } };
    const callback = (act) => new Promise((resolve) => act((error) => resolve(error?.name ?? 'allowed')));
    export const handler = async () => ({
      net: await failed(net.connect(5432, '192.0.2.1')),
      netOptions: await failed(net.connect({ host: '192.0.2.1', port: 5432 })),
      socket: await failed(new net.Socket().connect(5432, '192.0.2.1')),
      path: await failed(net.connect('/var/run/docker.sock')),
      tls: await failed(tls.connect(443, '192.0.2.1')),
      http2: await failed(http2.connect('https://192.0.2.1')),
      https: await failed(https.get('https://192.0.2.1')),
      fetch: await name(() => fetch('http://192.0.2.1')),
      lookup: await callback((done) => lookup('example.com', done)),
      lookupPromise: await name(() => dns.promises.lookup('example.com')),
      resolve: await callback((done) => dns.resolve4('example.com', done)),
      resolver: await callback((done) => new dns.Resolver().resolveTxt('example.com', done)),
      resolverPromise: await name(() => new dns.promises.Resolver().resolve('example.com')),
      datagram: await name(() => dgram.createSocket('udp4').send('x', 53, '192.0.2.1')),
      child: await name(() => spawn('/bin/true')),
      worker: await name(() => new Worker('1', { eval: true })),
    });`);
  const { child, worker, ...network } = answer as Record<string, string>;
  expect(Object.entries(network).filter(([, outcome]) => outcome !== 'NotLoopback')).toEqual([]);
  expect([child, worker]).toEqual(['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED']);
  expect(refusals(seen)).toHaveLength(Object.keys(network).length);
});

test('a function writes to its own folder and nowhere else', async () => {
  const { answer } = await run(`
    import { writeFileSync } from 'node:fs'; import { tmpdir } from 'node:os'; import { join } from 'node:path';
    const write = (path) => { try { writeFileSync(path, 'x'); return 'written'; } catch (error) { return error.code; } };
    export const handler = async () => [write(join(tmpdir(), 'own')), write('/tmp/headroom-elsewhere')];`);
  expect(answer).toEqual(['written', 'ERR_ACCESS_DENIED']);
});

test('a function reaches this machine, and beyond it exactly the servers it is given', async () => {
  // On this machine 0.0.0.0 leads to loopback, and is none of the addresses that are allowed by themselves.
  const server = await serveLoopback(createServer((_, response) => response.end('hello')));
  onTestFinished(() => server.stop());
  const { port } = new URL(server.url);
  const source = `
    const get = (host, port) => fetch('http://' + host + ':' + port).then((response) => response.text(), (error) => error.cause.name);
    export const handler = async () => [await get('localhost', ${port}), await get('127.0.0.1', ${port}), await get('0.0.0.0', ${port}), await get('0.0.0.0', 5432)];`;
  expect((await run(source)).answer).toEqual(['hello', 'hello', 'NotLoopback', 'NotLoopback']);
  expect((await run(source, [`0.0.0.0:${port}`])).answer).toEqual(['hello', 'hello', 'hello', 'NotLoopback']);
});
