import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ProcessSettings } from '../../local/lambda/function-process.ts';
import type { FunctionSpec } from '../../local/lambda/function-spec.ts';
import { startKeeper } from '../../local/machine/keeper.ts';
import type { Progress } from '../../local/machine/progress.ts';

/** A folder that goes with the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headroom-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Keys that open nothing: well-known ones, and what a run of another account might have. */
export const STRANGERS_KEYS = [
  { accessKeyId: 'local', secretAccessKey: 'local' },
  { accessKeyId: 'AKIAREALLOOKINGKEY00', secretAccessKey: 'x' },
];

/** Writes a bundle like those of the cloud assembly and describes it as a function. */
export async function makeFunction(source: string, change: Partial<FunctionSpec> = {}): Promise<FunctionSpec> {
  const assetFolder = await makeFolder();
  await writeFile(join(assetFolder, 'index.mjs'), source);
  return {
    name: 'headroom-sample',
    assetFolder,
    handler: 'index.handler',
    timeoutMs: 5_000,
    memoryMb: 128,
    reservedConcurrency: null,
    environment: {},
    ...change,
  };
}

/** Everything a function process needs beside its code, and a list of what it reported. */
export async function makeProcessSettings(
  spec: FunctionSpec,
  change: Partial<ProcessSettings> = {},
): Promise<ProcessSettings & { readonly seen: Progress[] }> {
  const keeper = startKeeper();
  onTestFinished(() => keeper.stop());
  const seen: Progress[] = [];
  return {
    spec,
    environment: {},
    reachable: [],
    home: await makeFolder(),
    keeper,
    onProgress: (progress) => seen.push(progress),
    seen,
    ...change,
  };
}

/** True while a process of that id exists. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Looks every 10 ms until it holds; fails after a minute. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never held: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
