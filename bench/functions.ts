import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { EngineName } from '../functions/core/server/snapshot.ts';
import { ENTRIES, type BundleName } from '../lib/bundles/entries.ts';
import { bundleOf } from '../lib/bundles/where.ts';
import { middle } from './median.ts';
import { workerSettingsOf } from './servers/beds.ts';
import { printTable } from './table.ts';

const RUNS = 15;
const NOTHING = 'data:text/javascript,';
/** A worker loads its engine with its first request; this one is refused right after. */
const WORKERS: Readonly<Partial<Record<BundleName, EngineName>>> = {
  'worker-postgres': 'postgres',
  'worker-mysql': 'mysql',
};

/**
 * Size of each function's bundle, and the processor time that a fresh process takes to load it, in turns. With
 * `--against FOLDER`, another checkout, also how its functions do in the same run, bundled plainly: one file each, with
 * all that they import. A worker is loaded together with its engine, up to its first answer.
 */
export async function benchFunctions(args: readonly string[]): Promise<void> {
  const { against } = parseArgs({ args: [...args], options: { against: { type: 'string' } } }).values;
  const folder = mkdtempSync(join(tmpdir(), 'headroom-bench-'));
  try {
    const names = (Object.keys(ENTRIES) as BundleName[]).filter((name) => !name.endsWith('-secrets'));
    const before = against === undefined ? new Map<string, string>() : await bundlePlainly(resolve(against), folder);
    const rows = names.map((name) => row(name, before.get(name.replace(/-.*/, ''))));
    const head = ['function', 'kB', 'load ms', 'nothing ms', 'kB before', 'ms before', 'load / before'];
    printTable('Functions', against === undefined ? head.slice(0, 4) : head, rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function row(name: BundleName, before: string | undefined): string[] {
  const now = bundleOf(name);
  const urls = [NOTHING, ...[now, before].flatMap((each) => (each === undefined ? [] : [urlOf(each)]))];
  const loads = urls.map((): number[] => []);
  for (let run = 0; run < RUNS; run++)
    for (const [index, url] of urls.entries()) loads[index]?.push(load(url, WORKERS[name]));
  const [nothing = 0, own = 0, other = 0] = loads.map(middle);
  const shown = [name, kbOf(now), own.toFixed(0), nothing.toFixed(1)];
  return before === undefined ? shown : [...shown, kbOf(before), other.toFixed(0), (own / other).toFixed(2)];
}

const urlOf = (bundle: string): string => pathToFileURL(join(bundle, 'index.mjs')).href;

function kbOf(bundle: string): string {
  const files = readdirSync(bundle).filter((file) => file.endsWith('.mjs'));
  return (files.reduce((sum, file) => sum + statSync(join(bundle, file)).size, 0) / 1024).toFixed(0);
}

/** Milliseconds of the processor in a process of its own, which other work on the machine changes little. */
function load(url: string, engine: EngineName | undefined): number {
  const env = engine && {
    HEADROOM_WORKER: JSON.stringify(workerSettingsOf({ engine })),
    RESPONDER: `${engine}://a@b/c`,
  };
  const script = `
    const before = process.threadCpuUsage();
    const { handler } = await import(${JSON.stringify(url)});
    if (process.env.HEADROOM_WORKER) await handler?.({}).catch((error) => {
      if (error.name !== 'SchemaMismatch') throw error;
    });
    const { user, system } = process.threadCpuUsage(before);
    process.stdout.write(String((user + system) / 1000));
    process.exit(0);`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env: env ?? {} });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

/** By the name of the function's folder. */
async function bundlePlainly(checkout: string, folder: string): Promise<ReadonlyMap<string, string>> {
  const names = readdirSync(join(checkout, 'functions')).filter((name) =>
    existsSync(join(checkout, 'functions', name, 'handler.ts')),
  );
  for (const name of names)
    await build({
      absWorkingDir: checkout,
      entryPoints: [`functions/${name}/handler.ts`],
      outfile: join(folder, name, 'index.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      minify: true,
      mainFields: ['module', 'main'],
      banner: { js: "import{createRequire}from'module';const require=createRequire(import.meta.url);" },
      external: ['pg-native'],
      logLevel: 'error',
    });
  return new Map(names.map((name) => [name, join(folder, name)]));
}
