import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { alarmNamesOf } from '../../functions/core/fleet/alarm-names.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { makeAlarmEvent } from '../../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import { parseConfig } from '../../lib/config/config.ts';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { toTargetSettings } from '../../lib/config/settings.ts';
import { startTopic } from '../../local/delivery/topic.ts';
import { createFunctionRegistry, type FunctionRegistry } from '../../local/lambda/function-registry.ts';
import { createClosers, type Closers } from '../../local/machine/closers.ts';
import { startKeeper } from '../../local/machine/keeper.ts';
import { startRecords } from '../../local/records/records.ts';
import { startControlPlane } from '../../local/runtime/control-plane.ts';
import type { InvokeFunction } from '../../local/stand-ins/lambda-operations.ts';
import { synthesize } from '../../local/synthesis/synthesis.ts';
import { consumersOf } from '../../test/support/a-profile.ts';
import { aSnapshot } from '../../test/support/a-session.ts';
import { printTable } from '../table.ts';

const PREFIX = 'headroom';
const CONFIG = 'targets: [{ id: db, engine: postgres, auth: { mode: url, variable: A, canaryVariable: B } }]';
const WORKERS = `${PREFIX}-worker-`;
/** One target in ten hangs: its worker never answers. */
const isHung = (worker: string): boolean => Number(/\d+$/.exec(worker)?.[0]) % 10 === 3;
const ALARMS = 200;

const users = Array.from({ length: 20 }, (_, n) => [`application_user_${n}`, [7, 1, 2] as const] as const);
const seen = { ...aSnapshot(200, [], { consumers: consumersOf(Object.fromEntries(users)) }), sessions: undefined };
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
    ['targets', 'tick took', 'well ones sampled in the minute', 'calls', `${ALARMS} alarms: incidents`, 'notices'],
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

/** The functions, the table, the topic and the targets of a fleet. */
interface Fleet {
  readonly targets: readonly TargetSettings[];
  readonly store: IncidentStore;
  readonly functions: Pick<FunctionRegistry, 'invoke'>;
  /** Calls of functions by functions, and notices that were published. */
  readonly seen: { calls: number; notices: number };
}

async function run(size: number, closers: Closers): Promise<string[]> {
  const { targets, store, functions, seen } = await startFleet(size, closers);
  const startedAt = Date.now();
  const ticked = await functions.invoke(`${PREFIX}-tick`, JSON.stringify({ time: '2026-01-01T12:00:00Z' }));
  const tookMs = Date.now() - startedAt;
  if (ticked?.kind !== 'answered') throw new Error(`the tick failed: ${JSON.stringify(ticked)}`);
  await sleep(Math.max(0, 60_000 - tookMs));
  const well = targets.filter(({ worker }) => !isHung(worker));
  const sampled = await countOf(well, async ({ id }) => (await store.samples.since(id, startedAt)).length > 0);
  const { calls } = seen;

  const alarmed = well.slice(0, ALARMS);
  await Promise.all(
    alarmed.map((settings) =>
      functions.invoke(`${PREFIX}-dispatch`, JSON.stringify(makeAlarmEvent({ settings, at: Date.now() }))),
    ),
  );
  const opened = await countOf(alarmed, async ({ id }) => (await store.incidents.openOf(id)) !== null);
  return [
    String(size),
    `${(tookMs / 1000).toFixed(1)} s`,
    `${sampled} of ${well.length}`,
    String(calls),
    `${opened} of ${alarmed.length}`,
    String(seen.notices),
  ];
}

async function startFleet(size: number, closers: Closers): Promise<Fleet> {
  const config = parseConfig(CONFIG, 'bench.yaml');
  const assembly = await synthesize(config);
  const keeper = startKeeper();
  closers.add(() => keeper.stop());
  const folder = await mkdtemp(join(tmpdir(), 'headroom-fleet-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  const { store, ...records } = await startRecords(assembly.table, null, true);
  closers.add(() => records.stop());
  const seen = { calls: 0, notices: 0 };
  const topic = await startTopic(assembly.topicName, () => Promise.resolve(((seen.notices += 1), '')));
  closers.add(() => topic.stop());
  const targets = targetsOf(config, size);
  for (const settings of targets) await store.targets.register(settings, 'bench', Date.now() - 600_000);

  const invoke: InvokeFunction = async (name, event) => {
    seen.calls += 1;
    if (!name.startsWith(WORKERS)) return functions.invoke(name, event);
    if (isHung(name)) await sleep(40_000, undefined, { ref: false });
    return { kind: 'answered', payload: ANSWER };
  };
  const plane = await startControlPlane(
    {
      assembly: { ...assembly, alarms: targets.flatMap(({ alarms }) => alarms) },
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
  return { targets, store, functions, seen };
}

function targetsOf(config: HeadroomConfig, size: number): TargetSettings[] {
  const [first] = config.targets;
  if (first === undefined) throw new Error('the configuration has no target');
  return Array.from({ length: size }, (_, n) => {
    const id = `db-${n}`;
    const alarms = Object.values(alarmNamesOf(PREFIX, id));
    return { ...toTargetSettings(config, first), id, worker: `${WORKERS}${id}`, alarms };
  });
}

async function countOf<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<number> {
  let count = 0;
  for (const item of items) if (await holds(item)) count += 1;
  return count;
}
