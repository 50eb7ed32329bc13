import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseConfig } from '../lib/config/config.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';
import { middle } from './median.ts';
import { printTable } from './table.ts';

const RUNS = 7;
/** Any target will do: the code is the same for all. */
const CONFIG = 'targets: [{ id: bench, engine: postgres, auth: { mode: url, variable: URL }, maxConnections: 100 }]';

/**
 * Size of each function's bundle, and how long a fresh process takes to load it, against loading nothing in the same
 * run.
 */
export async function benchFunctions(): Promise<void> {
  const { functions } = await synthesize(parseConfig(CONFIG, 'bench'));
  const bare = medianLoad('data:text/javascript,');
  const rows = functions.map(({ name, assetFolder }) => {
    const bundle = join(assetFolder, 'index.mjs');
    const load = medianLoad(pathToFileURL(bundle).href);
    return [name, (statSync(bundle).size / 1024).toFixed(0), load.toFixed(0), bare.toFixed(1)];
  });
  printTable('Functions', ['function', 'bundle kB', 'load ms', 'load of nothing ms'], rows);
}

/** Milliseconds from `import()` to its promise, in a process of its own. */
function medianLoad(url: string): number {
  const script = `const t = performance.now(); await import(${JSON.stringify(url)}); process.stdout.write(String(performance.now() - t)); process.exit(0);`;
  const durations = Array.from({ length: RUNS }, () => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
    return Number(stdout);
  });
  return middle(durations);
}
