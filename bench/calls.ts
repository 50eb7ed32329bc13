import { readFileSync } from 'node:fs';
import type { EngineName } from '../functions/core/server/snapshot.ts';
import { parseConfig } from '../lib/config/config.ts';
import type { Progress } from '../local/machine/progress.ts';
import { startRuntime, type LocalRuntime } from '../local/runtime/runtime.ts';
import { middle } from './median.ts';
import { openBed, type Bed } from './servers/beds.ts';
import { printTable } from './table.ts';

const SESSIONS = 300;
const WARM_UP = 60;
const CALLS = 30;
/** Linux counts a process's time in hundredths of a second. */
const TICK_MS = 10;

/**
 * What a call of each minute takes once it is warm, with the bundled functions and a real server of 300 sessions:
 * processor time, wall time, what it writes to its log, and the most memory its process ever had. `lib/cost` reckons
 * with these figures.
 */
export async function benchCalls(): Promise<void> {
  const rows: string[][] = [];
  for (const engine of ['postgres', 'mysql'] as const) {
    const bed = await openBed(engine, SESSIONS);
    try {
      rows.push(...(await measure(engine, bed)));
    } finally {
      await bed.close();
    }
  }
  printTable('Calls of each minute', ['function', 'server', 'processor ms', 'wall ms', 'log bytes', 'MB'], rows);
}

async function measure(engine: EngineName, bed: Bed): Promise<string[][]> {
  const seen: Progress[] = [];
  const config = parseConfig(
    `targets: [{ id: bench, engine: ${engine}, auth: { mode: url, variable: RESPONDER }, tls: { mode: disable } }]`,
    'bench',
  );
  const runtime = await startRuntime({
    config,
    environment: { RESPONDER: bed.responderUrl },
    recordsFolder: null,
    onProgress: (progress) => seen.push(progress),
  });
  try {
    const walls = await callOften(runtime, WARM_UP, 'sample');
    walls.length = 0;
    const before = takenBy(seen);
    seen.splice(0, seen.length, ...seen.filter(isColdStart));
    walls.push(...(await callOften(runtime, CALLS, 'sample')));
    return ['headroom-sample', 'headroom-worker-bench'].map((name) => {
      const taken = (takenBy(seen).get(name) ?? 0) - (before.get(name) ?? 0);
      const isCaller = name === 'headroom-sample';
      const wall = isCaller ? middle(walls).toFixed(0) : '-';
      return [name, bed.title, (taken / CALLS).toFixed(1), wall, logged(seen, name).toFixed(0), mostMb(seen, name)];
    });
  } finally {
    await runtime.stop();
  }
}

async function callOften(runtime: LocalRuntime, calls: number, what: 'sample'): Promise<number[]> {
  const walls: number[] = [];
  for (let call = 0; call < calls; call++) {
    const startedAt = performance.now();
    await runtime[what]('bench');
    walls.push(performance.now() - startedAt);
  }
  return walls;
}

type ColdStart = Extract<Progress, { kind: 'function' }>;

const isColdStart = (progress: Progress): progress is ColdStart =>
  progress.kind === 'function' && progress.event === 'cold-start';

/** Processor time of each function's process so far, in milliseconds. */
function takenBy(seen: readonly Progress[]): ReadonlyMap<string, number> {
  return new Map(
    seen.filter(isColdStart).map(({ name, pid }) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return [name, (Number(fields[11]) + Number(fields[12])) * TICK_MS];
    }),
  );
}

function mostMb(seen: readonly Progress[], name: string): string {
  const pid = seen.filter(isColdStart).find((start) => start.name === name)?.pid ?? 0;
  const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kb) / 1024).toFixed(0);
}

function logged(seen: readonly Progress[], name: string): number {
  const lines = seen.flatMap((each) => (each.kind === 'function-log' && each.name === name ? [each.line] : []));
  return lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) / CALLS;
}
