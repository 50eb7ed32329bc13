import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorkerClient } from '../../../../functions/aws/clients/worker-client.ts';
import type { WorkerClient } from '../../../../functions/core/ports/worker-client.ts';
import { WorkerBusy } from '../../../../functions/core/protocol/errors.ts';
import { SCHEMA } from '../../../../functions/core/protocol/schema.ts';
import { T0 } from '../incident-store/samples.ts';
import { startScriptedEndpoint, type Reply, type ScriptedEndpoint } from './scripted-endpoint.ts';

const WORKER = 'headroom-worker-orders';
const SERVER = { worker: WORKER };
const DEADLINE = T0 + 5_000;
const ADMISSION = { way: 'warm', reserved: true, attempts: 1, waitedMs: 0 };
const SAMPLED = { schema: SCHEMA, ok: true, admission: ADMISSION, sample: { used: 3 } };
const REFUSED = {
  schema: SCHEMA,
  ok: false,
  refusal: { kind: 'full', code: '53300', message: 'sorry, too many clients already' },
  attempts: 9,
  waitedMs: 5_000,
};

const ENDED = { schema: SCHEMA, ok: true, admission: ADMISSION, endings: [] };

let endpoint: ScriptedEndpoint;
let client: LambdaClient;
let workers: WorkerClient;
let now: number;
let slept: number[];

beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  client = new LambdaClient({ ...endpoint.config, maxAttempts: 1 });
});
beforeEach(() => {
  now = T0;
  slept = [];
  const sleep = (forMs: number) => {
    slept.push(forMs);
    now += forMs;
    return Promise.resolve();
  };
  workers = createWorkerClient({ client, now: () => now, sleep });
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});

const failing = (type: string, status = 502): Reply => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: { Type: 'Server', message: 'see the type' },
});
const crashed = (fault: unknown): Reply => ({ headers: { 'x-amz-function-error': 'Unhandled' }, body: fault });
const sample = () => workers.sample(SERVER, { deadline: DEADLINE });
const end = () => workers.end(SERVER, { deadline: DEADLINE, victims: [], graceMs: 0 });

describe('asking a worker', () => {
  it('sends kind, schema and request, and returns the answer', async () => {
    endpoint.script({ body: SAMPLED });
    expect(await sample()).toEqual(SAMPLED);
    expect(endpoint.received[0]).toMatchObject({
      path: `/2015-03-31/functions/${WORKER}/invocations`,
      body: { schema: SCHEMA, kind: 'sample', deadline: DEADLINE },
    });
  });

  it('names the member of a cluster in every kind of request, and none for another target', async () => {
    const member = { worker: WORKER, member: 'orders-2' };
    const user = { user: 'app', limit: 5, before: null };
    const limited = { ...ENDED, limit: { result: 'done', current: null, detail: '' } };
    endpoint.script(
      ...[SAMPLED, REFUSED, { ...REFUSED, sources: {} }, ENDED, limited, limited, SAMPLED].map((body) => ({ body })),
    );
    await workers.sample(member, { deadline: DEADLINE });
    await workers.snapshot(member, { deadline: DEADLINE, patienceMs: 1 });
    await workers.check(member, { deadline: DEADLINE });
    await workers.end(member, { deadline: DEADLINE, victims: [], graceMs: 0 });
    await workers.limit(member, { deadline: DEADLINE, ...user });
    await workers.lift(member, { deadline: DEADLINE, ...user });
    await sample();
    expect(endpoint.received.map(({ body }) => (body as { member?: string }).member)).toEqual([
      ...Array.from({ length: 6 }, () => 'orders-2'),
      undefined,
    ]);
  });

  it('returns a refusal of the database as an answer', async () => {
    endpoint.script({ body: REFUSED });
    expect(await workers.snapshot(SERVER, { deadline: DEADLINE, patienceMs: 4_000 })).toEqual(REFUSED);
    expect(endpoint.received[0]?.body).toMatchObject({ kind: 'snapshot', patienceMs: 4_000 });
  });

  it('hands on what a check found', async () => {
    const sources = { responder: 'the IAM login headroom', canary: null, tlsMode: 'verify-full' };
    const checked = {
      schema: SCHEMA,
      ok: true,
      admission: ADMISSION,
      check: {},
      canary: { result: 'unknown' },
      sources,
    };
    endpoint.script({ body: checked }, { body: { ...REFUSED, sources } }, { body: SAMPLED });
    expect(await workers.check(SERVER, { deadline: DEADLINE })).toEqual(checked);
    expect(await workers.check(SERVER, { deadline: DEADLINE })).toEqual({ ...REFUSED, sources });
    await expect(workers.check(SERVER, { deadline: DEADLINE })).rejects.toMatchObject({ name: 'WorkerFault' });
    expect(endpoint.received[0]?.body).toMatchObject({ kind: 'check', deadline: DEADLINE });
  });

  it('calls an answer of another schema a mismatch', async () => {
    endpoint.script({ body: { ...SAMPLED, schema: SCHEMA + 1 } }, crashed({ errorType: 'SchemaMismatch' }));
    await expect(sample()).rejects.toMatchObject({ name: 'SchemaMismatch' });
    await expect(sample()).rejects.toMatchObject({ name: 'SchemaMismatch' });
  });

  it.each([
    ['no JSON', '<html>'],
    ['null', 'null'],
    ['an admission without its content', JSON.stringify({ ...SAMPLED, sample: undefined })],
    ['a refusal without a kind', JSON.stringify({ ...REFUSED, refusal: { code: '', message: '' } })],
    ['endings in place of a sample', JSON.stringify(ENDED)],
  ])('calls %s a fault of the worker', async (_, body) => {
    endpoint.script({ body });
    await expect(sample()).rejects.toMatchObject({ name: 'WorkerFault' });
  });

  it('says whether the worker crashed or timed out, and repeats neither its message nor its stack', async () => {
    endpoint.script(
      crashed({ errorType: 'TypeError', errorMessage: "password 'hunter2'", trace: ['at secret.js:1'] }),
      crashed({
        errorType: 'Sandbox.Timedout',
        errorMessage: 'RequestId: 1 Error: Task timed out after 30.00 seconds',
      }),
      crashed({ errorMessage: '2026-11-21T03:00:00Z 1 Task timed out after 30.03 seconds' }),
      crashed('not even JSON'),
    );
    await expect(sample()).rejects.toThrow(/^worker headroom-worker-orders crashed \(TypeError\)$/);
    await expect(sample()).rejects.toThrow(/^worker headroom-worker-orders timed out \(Sandbox.Timedout\)$/);
    await expect(sample()).rejects.toThrow(/^worker headroom-worker-orders timed out$/);
    await expect(sample()).rejects.toThrow(/^worker headroom-worker-orders crashed$/);
  });

  it('repeats what the server answered to a statement that no look can do without', async () => {
    const errorMessage = 'the server answered: canceling statement due to statement timeout';
    endpoint.script(crashed({ errorType: 'QueryFailed', errorMessage, trace: ['at secret.js:1'] }));
    await expect(sample()).rejects.toMatchObject({
      name: 'WorkerFault',
      message: `worker headroom-worker-orders failed: ${errorMessage}`,
    });
  });
});

describe('trying again', () => {
  it('asks a worker that is busy or not ready each second', async () => {
    endpoint.script(
      failing('TooManyRequestsException', 429),
      failing('ResourceNotReadyException'),
      failing('ENINotReadyException'),
      { body: SAMPLED },
    );
    expect(await sample()).toEqual(SAMPLED);
    expect(slept).toEqual([1_000, 1_000, 1_000]);
  });

  it.each([failing('ServiceException', 500), failing('EC2ThrottledException'), 'hang up' as const])(
    'repeats a sample after %j',
    async (reply) => {
      endpoint.script(reply, { body: SAMPLED });
      expect(await sample()).toEqual(SAMPLED);
    },
  );

  it('gives up at the deadline and says why', async () => {
    endpoint.script(...Array.from({ length: 20 }, () => failing('TooManyRequestsException', 429)));
    const refused = await sample().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkerBusy);
    expect(refused).toMatchObject({ name: 'WorkerFault' });
    expect(String(refused)).toContain('could not be invoked: TooManyRequestsException');
    expect(endpoint.received).toHaveLength(5);
    expect(now).toBeLessThan(DEADLINE);
  });

  it('does not repeat what cannot get better', async () => {
    endpoint.script(failing('AccessDeniedException', 403));
    await expect(sample()).rejects.toMatchObject({ name: 'WorkerFault' });
    expect(endpoint.received).toHaveLength(1);
  });
});

describe('ending sessions', () => {
  it('is tried again while the worker is proven not to have begun', async () => {
    endpoint.script(failing('TooManyRequestsException', 429), failing('ResourceNotReadyException'), { body: ENDED });
    expect(await end()).toEqual(ENDED);
    expect(endpoint.received.map(({ body }) => body)).toHaveLength(3);
  });

  it.each([
    ['a hang-up', 'hang up' as const],
    ['an error of the service', failing('ServiceException', 500)],
    ['a bad gateway', { status: 502, body: {} }],
    ['a crash', crashed({ errorType: 'Runtime.ExitError' })],
  ])('is sent once when %s leaves open whether the worker began', async (_, reply) => {
    endpoint.script(reply, { body: ENDED });
    await expect(end()).rejects.toMatchObject({ name: 'WorkerFault' });
    expect(endpoint.received).toHaveLength(1);
  });

  it('is refused with a client that would repeat requests by itself', async () => {
    const repeating = new LambdaClient({ ...endpoint.config, maxAttempts: 3 });
    const other = createWorkerClient({ client: repeating, now: () => now, sleep: () => Promise.resolve() });
    endpoint.script({ body: ENDED });
    await expect(other.end(SERVER, { deadline: DEADLINE, victims: [], graceMs: 0 })).rejects.toThrow(/maxAttempts: 1/);
    expect(endpoint.received).toHaveLength(0);
    repeating.destroy();
  });
});
