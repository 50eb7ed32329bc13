import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CODE_ROOT, IS_BUILT, PACKAGE_ROOT } from '../house/package.ts';
import { findCacheFolder } from './cache-folder.ts';
import { contentKey } from './content-key.ts';
import type { BundleName } from './entries.ts';

/** Below the code of a package: a folder for each bundle, of its name. */
export const BUNDLES = 'bundles';

/** All that a clone makes bundles from. */
export const BUNDLE_SOURCES = [
  'functions',
  'lib/bundles',
  'lib/house/control-names.ts',
  'packaging/bundling',
  'package-lock.json',
];
/** The program that makes them. A package has neither it nor esbuild. */
const MAKER = 'packaging/bundling/make-child.ts';

let found: string | null = null;
let temporary: string | null = null;

/**
 * The folder with the code of a function. A package has it with it. Elsewhere it is made, once for all functions and
 * these very sources, which takes some seconds. Throws when that fails.
 */
export function bundleOf(name: BundleName): string {
  found ??= IS_BUILT ? join(CODE_ROOT, BUNDLES) : bundlesOfSources();
  return join(found, name);
}

/** The same with one more file in it. */
export function bundleWith(name: BundleName, file: string, content: string): string {
  const bundle = bundleOf(name);
  const code = readdirSync(bundle).filter((path) => path.endsWith('.mjs'));
  return made(join(storage(), `${name}-${contentKey(bundle, code, file, content)}`), (folder) => {
    for (const path of code) copyFileSync(join(bundle, path), join(folder, path));
    writeFileSync(join(folder, file), content);
  });
}

function bundlesOfSources(): string {
  return made(join(storage(), `bundles-${contentKey(PACKAGE_ROOT, BUNDLE_SOURCES)}`), (folder) => {
    console.error('headroom: bundling the functions; this happens once for each version of the code');
    const child = join(PACKAGE_ROOT, MAKER);
    const { status, stderr, error } = spawnSync(process.execPath, [child, folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the functions could not be bundled:\n${stderr.trim()}`, { cause: error });
  });
}

/** A folder that `make` fills, unless it is there. Two processes may do so at once: the first result is kept. */
function made(folder: string, make: (folder: string) => void): string {
  if (!existsSync(folder)) {
    const unfinished = mkdtempSync(`${folder}-`);
    try {
      make(unfinished);
      renameSync(unfinished, folder);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  const now = new Date();
  // What is used stays: see `prune` in local/synthesis/assembly-cache.ts.
  utimesSync(folder, now, now);
  return folder;
}

function storage(): string {
  const folder = findCacheFolder();
  if (folder !== null) return folder;
  if (temporary === null) {
    const made = mkdtempSync(join(tmpdir(), 'headroom-bundles-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    temporary = made;
  }
  return temporary;
}
