import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLocalFunction, type LocalFunction } from '../../../local/lambda/local-function.ts';
import type { FunctionEvent, Progress } from '../../../local/machine/progress.ts';
import { eventually, isRunning, makeFunction, makeProcessSettings } from '../workbench.ts';

type Change = Parameters<typeof makeFunction>[1];

async function make(source: string, change: Change = {}): Promise<{ local: LocalFunction; seen: Progress[] }> {
  const settings = await makeProcessSettings(await makeFunction(source, change));
  const local = createLocalFunction(settings);
  onTestFinished(() => local.kill());
  return { local, seen: settings.seen };
}

function eventsOf(seen: readonly Progress[]): FunctionEvent['event'][] {
  return seen.flatMap((progress) => (progress.kind === 'function' ? [progress.event] : []));
}

/** The letter of the process' state as the kernel shows it; T is stopped. */
function stateOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
}

const COUNTS = `let count = 0; export const handler = async (event) => ({ count: ++count, pid: process.pid, event });`;

async function payloadOf(invocation: ReturnType<LocalFunction['invoke']>): Promise<Record<string, unknown>> {
  const result = await invocation;
  if (result.kind !== 'answered') throw new Error(JSON.stringify(result));
  return JSON.parse(result.payload) as Record<string, unknown>;
}

describe('the life of a function process', () => {
  test('the first invocation is a cold start and the next finds the same process with its state', async () => {
    const { local, seen } = await make(COUNTS);
    const first = await payloadOf(local.invoke('{"a":1}'));
    const second = await payloadOf(local.invoke('2'));
    expect(first).toMatchObject({ count: 1, event: { a: 1 } });
    expect(second).toMatchObject({ count: 2, event: 2, pid: first['pid'] });
    expect(eventsOf(seen)).toEqual(['cold-start', 'frozen', 'frozen']);
  });

  test.runIf(existsSync('/proc/self/stat'))('between invocations the process is stopped and does nothing', async () => {
    const { local } = await make(
      `let ticks = 0; setInterval(() => ticks++, 5).unref();
       export const handler = async () => ({ ticks, pid: process.pid });`,
    );
    const { pid } = await payloadOf(local.invoke('null'));
    await eventually(() => stateOf(Number(pid)) === 'T');
    const { ticks: before } = await payloadOf(local.invoke('null'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { ticks: after } = await payloadOf(local.invoke('null'));
    expect(Number(after) - Number(before)).toBeLessThan(20);
  });

  test('a recycled function starts cold', async () => {
    const { local, seen } = await make(COUNTS);
    const first = await payloadOf(local.invoke('null'));
    await local.recycle();
    expect(isRunning(Number(first['pid']))).toBe(false);
    expect(await payloadOf(local.invoke('null'))).toMatchObject({ count: 1 });
    expect(eventsOf(seen)).toEqual(['cold-start', 'frozen', 'killed', 'cold-start', 'frozen']);
  });

  test('an invocation past its timeout is killed and answered as Lambda answers it', async () => {
    const { local, seen } = await make(`export const handler = () => { for (;;); };`, { timeoutMs: 300 });
    const result = await local.invoke('null');
    expect(result).toMatchObject({ kind: 'sandbox', error: { errorType: 'Sandbox.Timedout' } });
    expect(result).toHaveProperty('error.errorMessage', expect.stringMatching(/Task timed out after 0.30 seconds/));
    expect(eventsOf(seen)).toEqual(['cold-start', 'timed-out']);
  });

  test('a process that exits in the middle of an invocation is a crash, and the next invocation starts cold', async () => {
    const { local, seen } = await make(
      `export const handler = async (event) => { if (event === 'die') process.exit(7); return 'alive'; };`,
    );
    expect(await local.invoke('"die"')).toMatchObject({
      kind: 'sandbox',
      error: { errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining('exit status 7') as string },
    });
    expect(await local.invoke('null')).toEqual({ kind: 'answered', payload: '"alive"' });
    expect(eventsOf(seen)).toEqual(['cold-start', 'crashed', 'cold-start', 'frozen']);
  });

  test('a process that outgrows its memory is a crash', async () => {
    const { local } = await make(
      `export const handler = async () => { const hoard = []; for (;;) hoard.push(new Array(1e5).fill(Math.random())); };`,
      { memoryMb: 32, timeoutMs: 20_000 },
    );
    expect(await local.invoke('null')).toMatchObject({ kind: 'sandbox', error: { errorType: 'Runtime.ExitError' } });
  });

  test('killing a function ends the invocation that runs', async () => {
    const { local, seen } = await make(`export const handler = () => new Promise(() => setInterval(() => 0, 1000));`);
    const invocation = local.invoke('null');
    await eventually(() => eventsOf(seen).includes('cold-start'));
    await local.kill();
    expect(await invocation).toMatchObject({ kind: 'sandbox', error: { errorType: 'Runtime.ExitError' } });
    expect(eventsOf(seen)).toEqual(['cold-start', 'killed']);
  });
});

describe('what a function answers', () => {
  test('an error keeps its name and message and leaves the process warm', async () => {
    const { local } = await make(
      `let count = 0;
       export const handler = async () => { count++; throw Object.assign(new Error('lost after ' + count), { name: 'FenceLost' }); };`,
    );
    await local.invoke('null');
    expect(await local.invoke('null')).toMatchObject({
      kind: 'thrown',
      error: { errorType: 'FenceLost', errorMessage: 'lost after 2' },
    });
  });

  test('nothing is null', async () => {
    const { local } = await make(`export const handler = () => undefined;`);
    expect(await local.invoke('null')).toEqual({ kind: 'answered', payload: 'null' });
  });

  test('more than Lambda passes on is an error', async () => {
    const { local } = await make(`export const handler = async () => 'x'.repeat(7_000_000);`);
    expect(await local.invoke('null')).toMatchObject({
      kind: 'sandbox',
      error: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  });

  test('code that does not load says why', async () => {
    const { local } = await make(`throw new Error('no settings');`);
    expect(await local.invoke('null')).toMatchObject({ kind: 'sandbox', error: { errorMessage: 'no settings' } });
    const { local: unnamed } = await make(`export const other = 1;`);
    expect(await unnamed.invoke('null')).toMatchObject({
      error: { errorMessage: expect.stringContaining('exports no function "handler"') as string },
    });
  });

  test('what it writes is passed on line by line', async () => {
    const { local, seen } = await make(
      `export const handler = async () => { console.log('one\\ntwo'); console.error('three'); };`,
    );
    await local.invoke('null');
    const lines = (): string[] => seen.flatMap((progress) => (progress.kind === 'function-log' ? [progress.line] : []));
    await eventually(() => lines().length === 3);
    expect(lines().sort()).toEqual(['one', 'three', 'two']);
  });
});

describe('more than one invocation at once', () => {
  const SLOW = `export const handler = async () => { await new Promise((r) => setTimeout(r, 200)); return process.pid; };`;

  test('a function with one reserved execution throttles the second', async () => {
    const { local } = await make(SLOW, { reservedConcurrency: 1 });
    const results = await Promise.all([local.invoke('null'), local.invoke('null')]);
    expect(results.map(({ kind }) => kind)).toEqual(['answered', 'throttled']);
    expect(await local.invoke('null')).toMatchObject({ kind: 'answered' });
  });

  test('others get a process for each', async () => {
    const { local } = await make(SLOW);
    const results = await Promise.all([local.invoke('null'), local.invoke('null')]);
    const pids = results.map((result) => (result.kind === 'answered' ? result.payload : result.kind));
    expect(new Set(pids).size).toBe(2);
  });
});

test('function processes, stopped ones too, and their folders go when the process around them is killed', async () => {
  const spec = await makeFunction(COUNTS);
  const home = await mkdtemp(join(tmpdir(), 'headroom-test-'));
  const program = `
    const { createLocalFunction } = await import(${JSON.stringify(new URL('../../../local/lambda/local-function.ts', import.meta.url).href)});
    const { startKeeper } = await import(${JSON.stringify(new URL('../../../local/machine/keeper.ts', import.meta.url).href)});
    const keeper = startKeeper();
    const home = ${JSON.stringify(home)};
    keeper.guardFolder(home);
    const local = createLocalFunction({ spec: ${JSON.stringify(spec)}, environment: {}, home, keeper,
      reachable: [], onProgress: () => {} });
    const { payload } = await local.invoke('null');
    console.log(JSON.parse(payload).pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await eventually(() => !isRunning(pid) && !existsSync(home));
});
