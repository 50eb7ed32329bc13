import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRIES, type BundleName } from '../lib/bundles/entries.ts';
import { BUNDLES, bundleOf } from '../lib/bundles/where.ts';

/** Copies every bundle below `dist`: the very ones that a deployment from the clone takes. */
export function copyBundles(dist: string): void {
  for (const name of Object.keys(ENTRIES) as BundleName[]) {
    const bundle = bundleOf(name);
    // Runs on this machine may have left more beside the code.
    for (const file of readdirSync(bundle).filter((path) => path.endsWith('.mjs')))
      cpSync(join(bundle, file), join(dist, BUNDLES, name, file));
  }
}
