import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alarmNamesOf } from '../functions/core/fleet/alarm-names.ts';
import { makeAlarmEvent } from '../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../functions/core/protocol/schema.ts';
import { parseConfig } from '../lib/config/config.ts';
import { toTargetSettings } from '../lib/config/settings.ts';
import { startTopic } from '../local/delivery/topic.ts';
import { createFunctionRegistry } from '../local/lambda/function-registry.ts';
import { createClosers, type Closers } from '../local/machine/closers.ts';
import { startKeeper } from '../local/machine/keeper.ts';
import { startRecords } from '../local/records/records.ts';
import { startControlPlane } from '../local/runtime/control-plane.ts';
import type { InvokeFunction } from '../local/stand-ins/lambda-operations.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import { consumersOf } from '../test/support/a-profile.ts';
import { aSnapshot } from '../test/support/a-session.ts';
import { printTable } from './table.ts';

const PREFIX = 'headroom';
const CONFIG = 'targets: [{ id: db, engine: postgres, auth: { mode: url, variable: A, canaryVariable: B } }]';
const WORKERS = `${PREFIX}-worker-`;
/** One target in ten hangs: its worker never answers. */
const isHung = (worker: string): boolean => Number(/\d+$/.exec(worker)?.[0]) % 10 === 3;
const ALARMS = 200;

const users = Array.from({ length: 20 }, (_, n) => [`application_user_${n}`, [7, 1, 2] as const] as const);
const { sessions: _, ...seen } = aSnapshot(200, [], { consumers: consumersOf(Object.fromEntries(users)) });
const ANSWER = JSON.stringify({
  schema: SCHEMA,
  ok: true,
  admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 },
  sample: { ...seen, used: 90 },
});

/**
 * Fleets of several sizes, a minute each, by the bundled functions. Workers are stand-ins that answer with a sample of
 * 20 consumers. What is measured: when the last target was sampled, requests to the table's partition of the roster and
 * to functions, and the memory of the tick's own process.
 */
export async function benchFleet(): Promise<void> {
  const rows: string[][] = [];
  for (const size of [100, 300, 900]) rows.push(await measure(size));
  printTable(
    'Fleets, one target in ten hung',
    [
      'targets',
      'tick took',
      'sampled in the minute',
      'of those well',
      'calls',
      `${ALARMS} alarms: incidents`,
      'notices',
    ],
    rows,
  );
}

async function measure(size: number): Promise<string[]> {
  const closers = createClosers();
  try {
    return await run(size, closers);
  } finally {
    await closers.close();
  }
}

async function run(size: number, closers: Closers): Promise<string[]> {
  const config = parseConfig(CONFIG, 'bench.yaml');
  const assembly = await synthesize(config);
  const keeper = startKeeper();
  closers.add(() => keeper.stop());
  const folder = await mkdtemp(join(tmpdir(), 'headroom-fleet-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  const records = await startRecords(assembly.table, null, true);
  closers.add(() => records.stop());
  let notices = 0;
  const topic = await startTopic(assembly.topicName, () => Promise.resolve(((notices += 1), '')));
  closers.add(() => topic.stop());

  const [first] = config.targets;
  if (first === undefined) throw new Error('the configuration has no target');
  const fleet = Array.from({ length: size }, (_, n) => {
    const id = `db-${n}`;
    const alarms = Object.values(alarmNamesOf(PREFIX, id));
    return { ...toTargetSettings(config, first), id, worker: `${WORKERS}${id}`, alarms };
  });
  for (const settings of fleet) await records.store.targets.register(settings, 'bench', Date.now() - 600_000);

  let calls = 0;
  const invoke: InvokeFunction = async (name, event) => {
    calls += 1;
    if (!name.startsWith(WORKERS)) return functions.invoke(name, event);
    if (isHung(name)) await new Promise((resolve) => setTimeout(resolve, 40_000).unref());
    return { kind: 'answered', payload: ANSWER };
  };
  const plane = await startControlPlane(
    {
      assembly: { ...assembly, alarms: fleet.flatMap(({ alarms }) => alarms) },
      invoke,
      functionNames: () => [],
      onBrokenOff: () => Promise.resolve(),
      onProgress: () => undefined,
    },
    closers,
  );
  // An account of its own: as many at once as its quota allows.
  const specs = assembly.functions
    .filter(({ name }) => !name.startsWith(WORKERS))
    .map((spec) => ({ ...spec, reservedConcurrency: 100 }));
  const endpoints = { dynamodb: records.url, sns: topic.url, aws: plane.url };
  const functions = await createFunctionRegistry({
    ...{ specs, endpoints, access: new Map(), folder, keeper },
    onProgress: () => undefined,
  });
  closers.add(() => functions.stop());
  closers.add(() => plane.stopExecutions());

  const startedAt = Date.now();
  const ticked = await functions.invoke(`${PREFIX}-tick`, JSON.stringify({ time: '2026-01-01T12:00:00Z' }));
  const tookMs = Date.now() - startedAt;
  if (ticked?.kind !== 'answered') throw new Error(`the tick failed: ${JSON.stringify(ticked)}`);
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, 60_000 - tookMs)));
  const well = fleet.filter(({ worker }) => !isHung(worker));
  const sampled = await countOf(well, async ({ id }) => (await records.store.samples.since(id, startedAt)).length > 0);
  const inMinute = calls;

  const alarmed = well.slice(0, ALARMS);
  await Promise.all(
    alarmed.map((settings) =>
      functions.invoke(`${PREFIX}-dispatch`, JSON.stringify(makeAlarmEvent({ settings, at: Date.now() }))),
    ),
  );
  const opened = await countOf(alarmed, async ({ id }) => (await records.store.incidents.openOf(id)) !== null);
  return [
    String(size),
    `${(tookMs / 1000).toFixed(1)} s`,
    String(sampled),
    String(well.length),
    String(inMinute),
    `${opened} of ${alarmed.length}`,
    String(notices),
  ];
}

async function countOf<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<number> {
  let count = 0;
  for (const item of items) if (await holds(item)) count += 1;
  return count;
}
