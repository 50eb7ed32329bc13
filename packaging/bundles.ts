import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseConfig } from '../lib/config/config.ts';
import { BUNDLES } from '../lib/house/built-bundle.ts';
import { namesOf } from '../lib/house/names.ts';
import { synthesize } from '../local/synthesis/synthesis.ts';

/** A target that asks people, so that no function is missing. */
const CONFIG = parseConfig(
  'targets: [{ id: any, engine: postgres, mode: approve, auth: { mode: url, variable: ANY } }]',
  'headroom.yaml',
);

/** Copies the bundle of every function below `dist`: the very ones that a deployment from the clone makes. */
export async function buildBundles(dist: string): Promise<void> {
  const { functions } = await synthesize(CONFIG);
  const names = namesOf(CONFIG.installation.prefix);
  for (const { name, assetFolder } of functions) {
    const folder = name === names.worker('any') ? 'worker' : name.slice(names.control('').length);
    // What a run on this machine has compiled lies beside the code, and is of no use elsewhere.
    const filter = (source: string): boolean => basename(source) !== 'compiled';
    cpSync(assetFolder, join(dist, BUNDLES, folder), { recursive: true, dereference: true, filter });
  }
}
