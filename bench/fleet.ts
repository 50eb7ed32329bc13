import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod/mini';
import { alarmNamesOf } from '../functions/core/fleet/alarm-names.ts';
import { makeAlarmEvent } from '../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../functions/core/protocol/schema.ts';
import { parseConfig } from '../lib/config/config.ts';
import { toTargetSettings } from '../lib/config/settings.ts';
import { startTopic } from '../local/delivery/topic.ts';
import { createFunctionRegistry, type FunctionRegistry } from '../local/lambda/function-registry.ts';
import { createClosers, type Closers } from '../local/machine/closers.ts';
import { startKeeper } from '../local/machine/keeper.ts';
import { startRecords } from '../local/records/records.ts';
import { startControlPlane } from '../local/runtime/control-plane.ts';
import type { InvokeFunction } from '../local/stand-ins/lambda-operations.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import { consumersOf } from '../test/support/a-profile.ts';
import { aSession, aSnapshot, many } from '../test/support/a-session.ts';
import { printTable } from './table.ts';

const PREFIX = 'headroom';
const CONFIG = 'targets: [{ id: db, engine: postgres, auth: { mode: url, variable: A, canaryVariable: B } }]';
const WORKERS = `${PREFIX}-worker-`;
const HUNG_MS = 40_000;
/** More than wait for a hung worker at once. */
const PROCESSES = 150;
const requestKind = z.object({ kind: z.string() });
/** Functions that compute at once. AWS has a processor for each; here they would starve each other. */
const AT_ONCE = 4;
/** One target in ten hangs: its worker never answers. */
const isHung = (worker: string): boolean => Number(/\d+$/.exec(worker)?.[0]) % 10 === 3;
const ALARMS = 200;

const users = Array.from({ length: 20 }, (_, n) => [`application_user_${n}`, [7, 1, 2] as const] as const);
const seen = aSnapshot(200, [], { consumers: consumersOf(Object.fromEntries(users)) });
const whole = aSnapshot(
  200,
  many(90, 1, (id) => aSession(id)),
);
const WELL = {
  schema: SCHEMA,
  ok: true,
  admission: { way: 'warm', reserved: true, attempts: 0, refusedAsFull: 0, waitedMs: 1 },
};
/** By the kind of request: a server that was relieved before anybody looked. */
const ANSWERS: Readonly<Record<string, string>> = {
  sample: JSON.stringify({ ...WELL, sample: { ...seen, used: 90 } }),
  snapshot: JSON.stringify({ ...WELL, snapshot: whole }),
};

/**
 * Fleets of several sizes (`--sizes 100,300,900`), a minute each, by the bundled functions; then alarms of up to 200 of
 * its targets at once, and the next tick. Workers are stand-ins: one in ten hangs, the others answer with a sample of 20
 * consumers, or a snapshot of 90 sessions.
 */
export async function benchFleet(args: readonly string[]): Promise<void> {
  const { sizes } = parseArgs({
    args: [...args],
    options: { sizes: { type: 'string', default: '100,300,900' } },
  }).values;
  const rows: string[][] = [];
  for (const size of sizes.split(',')) rows.push(await measure(Number(size)));
  printTable(
    'Fleets, one target in ten hung',
    ['targets', 'tick took', 'well sampled in the minute', 'calls', 'processes', 'alarms: incidents', 'messages'],
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

/** An installation with a fleet, all but its workers. */
async function startFleet(size: number, closers: Closers) {
  const config = parseConfig(CONFIG, 'bench.yaml');
  const assembly = await synthesize(config);
  const keeper = startKeeper();
  closers.add(() => keeper.stop());
  const folder = await mkdtemp(join(tmpdir(), 'headroom-fleet-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  const records = await startRecords(assembly.table, null, true);
  closers.add(() => records.stop());
  const messages: string[] = [];
  const topic = await startTopic(assembly.topicName, ({ attributes }) => {
    messages.push(attributes['notice'] ?? '');
    return Promise.resolve('');
  });
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
  const turns = createTurns(AT_ONCE);
  const invoke: InvokeFunction = async (name, event) => {
    calls += 1;
    if (!name.startsWith(WORKERS)) return turns.take(() => functions.invoke(name, event));
    if (isHung(name)) await turns.leave(() => sleep(HUNG_MS, undefined, { ref: false }));
    const { kind } = requestKind.parse(JSON.parse(event));
    return { kind: 'answered', payload: ANSWERS[kind] ?? '{}' };
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
    .map((spec) => ({ ...spec, reservedConcurrency: PROCESSES }));
  const endpoints = { dynamodb: records.url, sns: topic.url, aws: plane.url };
  const functions = await createFunctionRegistry({
    ...{ specs, endpoints, access: new Map(), folder, keeper },
    onProgress: () => undefined,
  });
  closers.add(() => functions.stop());
  closers.add(() => plane.stopExecutions());

  return { records, functions, invoke, plane, topic, fleet, messages, calls: () => calls };
}

/** Work of which no more than so many pieces go on at once. A piece that only waits may leave its turn to others. */
function createTurns(most: number) {
  let free = most;
  const waiting: (() => void)[] = [];
  const begin = async (): Promise<void> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const end = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take<T>(work: () => Promise<T>): Promise<T> {
      await begin();
      return work().finally(end);
    },
    async leave<T>(wait: () => Promise<T>): Promise<T> {
      end();
      const waited = await wait();
      await begin();
      return waited;
    },
  };
}

type Fleet = Awaited<ReturnType<typeof startFleet>>;

async function run(size: number, closers: Closers): Promise<string[]> {
  const started = await startFleet(size, closers);
  return [String(size), ...(await aMinute(started)), ...(await manyAlarms(started))];
}

async function aMinute({ records, functions, fleet, calls }: Fleet): Promise<string[]> {
  const startedAt = Date.now();
  await tick(functions);
  const tookMs = Date.now() - startedAt;
  await sleep(Math.max(0, MINUTE_MS - tookMs));
  const well = fleet.filter(({ worker }) => !isHung(worker));
  const sampled = await countOf(well, async ({ id }) => (await records.store.samples.since(id, startedAt)).length > 0);
  const { processes, megabytes } = ofChildren();
  return [
    `${(tookMs / 1000).toFixed(1)} s`,
    `${sampled} of ${well.length}`,
    String(calls()),
    `${processes}, ${megabytes} MB`,
  ];
}

async function manyAlarms({ records, functions, invoke, plane, topic, fleet, messages }: Fleet): Promise<string[]> {
  const alarmed = fleet.filter(({ worker }) => !isHung(worker)).slice(0, ALARMS);
  await Promise.all(
    alarmed.map(async (settings) => {
      const event = JSON.stringify(makeAlarmEvent({ settings, at: Date.now() }));
      const answer = await invoke(`${PREFIX}-dispatch`, event);
      if (answer?.kind !== 'answered') throw new Error(`dispatch: ${JSON.stringify(answer)}`);
    }),
  );
  const opened = (await Promise.all(alarmed.map(({ id }) => records.store.incidents.openOf(id)))).flatMap(
    (incident) => incident ?? [],
  );
  for (const { id } of opened) await plane.machine.ended(id);
  await tick(functions);
  await topic.settled();
  const kinds = [...Map.groupBy(messages, (kind) => kind)].map(([kind, those]) => `${kind} ${those.length}`);
  return [`${alarmed.length}: ${opened.length}`, kinds.join(', ')];
}

const MINUTE_MS = 60_000;

/** Functions at work and warm ones, and all that they hold in memory. */
function ofChildren(): { readonly processes: number; readonly megabytes: number } {
  const sizes = execFileSync('ps', ['-o', 'rss=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
  return { processes: sizes.length, megabytes: Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1024) };
}

async function tick(functions: FunctionRegistry): Promise<void> {
  const answer = await functions.invoke(`${PREFIX}-tick`, JSON.stringify({ time: '2026-01-01T12:00:00Z' }));
  if (answer?.kind !== 'answered') throw new Error(`the tick failed: ${JSON.stringify(answer)}`);
}

async function countOf<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<number> {
  let count = 0;
  for (const item of items) if (await holds(item)) count += 1;
  return count;
}
