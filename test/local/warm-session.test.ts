import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createLogins, startPostgres } from '../../drill/servers/postgres.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { namesOf } from '../../lib/house/names.ts';
import type { FunctionEvent } from '../../local/machine/progress.ts';
import { startRuntime } from '../../local/runtime/runtime.ts';

const CONFIG = `
targets:
  - id: orders
    engine: postgres
    rehearsal: true
    auth: { mode: url, variable: ORDERS_URL, canaryVariable: ORDERS_CANARY_URL }
    tls: { mode: disable }`;

const answered = z.object({
  ok: z.literal(true),
  admission: z.object({ way: z.string(), attempts: z.number() }),
  sample: z.object({ canary: z.object({ result: z.string() }), used: z.number() }),
});

/** Shorter than a worker is frozen between invocations here: its session must have this off. */
const IDLE_MS = 200;

test('the worker’s process answers every invocation on one and the same session, also when nobody else is let in', async () => {
  const server = await startPostgres({
    maxConnections: 12,
    reservedConnections: 1,
    settings: { idle_session_timeout: String(IDLE_MS) },
  });
  onTestFinished(() => server.stop());
  const { responderUrl, canaryUrl } = await createLogins(server);
  const eyes = new pg.Client({ connectionString: server.adminUrl, options: '-c idle_session_timeout=0' });
  await eyes.connect();
  eyes.on('error', () => undefined);
  // The grants set it as well; a login made in another way must do too.
  await eyes.query('ALTER ROLE headroom_responder RESET idle_session_timeout');
  const config = parseConfig(CONFIG, 'headroom.yaml');
  const events: FunctionEvent[] = [];
  const runtime = await startRuntime({
    config,
    environment: { ORDERS_URL: responderUrl, ORDERS_CANARY_URL: canaryUrl },
    recordsFolder: null,
    onProgress: (progress) => {
      if (progress.kind === 'function') events.push(progress);
    },
  });
  onTestFinished(() => runtime.stop());
  const worker = namesOf(config.installation.prefix).worker('orders');
  const sample = async () =>
    answered.parse(await runtime.invoke(worker, { schema: 1, kind: 'sample', deadline: Date.now() + 10_000 }));
  const sessions = async () =>
    (
      await eyes.query<{ pid: number; backend_start: string }>(
        `SELECT pid, backend_start::text FROM pg_stat_activity WHERE usename = 'headroom_responder'`,
      )
    ).rows;

  expect((await sample()).admission).toEqual({ way: 'first-try', attempts: 1 });
  const [kept, ...more] = await sessions();
  expect(more).toEqual([]);

  await sleep(3 * IDLE_MS);
  expect((await sample()).admission).toEqual({ way: 'warm', attempts: 0 });
  expect(await sessions()).toEqual([kept]);

  const crowd: pg.Client[] = [];
  onTestFinished(async () => void (await Promise.all(crowd.map((client) => client.end().catch(() => undefined)))));
  for (;;) {
    const client = new pg.Client({ connectionString: server.adminUrl, options: '-c idle_session_timeout=0' });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch {
      break;
    }
    crowd.push(client);
  }
  const full = await sample();
  expect(full.admission).toEqual({ way: 'warm', attempts: 0 });
  expect(full.sample).toMatchObject({ canary: { result: 'refused' }, used: 12 });
  expect(await sessions()).toEqual([kept]);

  const ofWorker = events.filter(({ name }) => name === worker);
  expect(ofWorker.map(({ event }) => event)).toEqual(['cold-start', 'frozen', 'frozen', 'frozen']);
  expect(new Set(ofWorker.map(({ pid }) => pid)).size).toBe(1);
  await eyes.end();
});
