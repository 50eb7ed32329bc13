import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../functions/core/words/sha256.ts';
import { CODE_ROOT, IS_BUILT, PACKAGE_ROOT } from '../../lib/house/package.ts';

const CACHE = join(PACKAGE_ROOT, 'node_modules', '.cache', 'headroom');
/** All that a synthesis is made from, besides the configuration. */
const SOURCES = [
  join(CODE_ROOT, IS_BUILT ? 'bundles' : 'functions'),
  join(CODE_ROOT, 'lib'),
  join(PACKAGE_ROOT, 'cdk.json'),
  join(PACKAGE_ROOT, IS_BUILT ? 'package.json' : 'package-lock.json'),
];
/** More than any run of all tests uses. They share their bundles, which are nearly all of them. */
const MOST_KEPT = 60;

/** False where the installation is not writable: then every run synthesizes for itself. */
export function canCache(): boolean {
  try {
    mkdirSync(CACHE, { recursive: true });
    accessSync(CACHE, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The folder of a synthesis of this configuration from these very sources; `make` fills the folder it is given when
 * there is none yet. Synthesis takes seconds, which `respond` does not have to spare, and most of that goes into the
 * bundles: those that were made from the same sources for another configuration are in the folder already. Two
 * processes may make the same at once: the first result is kept.
 */
export async function cachedAssembly(
  config: string,
  make: (outdir: string, sources: string) => Promise<void>,
): Promise<string> {
  const sources = hashSources();
  const folder = join(CACHE, hash(sources, config));
  const bundles = join(CACHE, `bundles-${sources}`);
  if (isThere(join(folder, 'manifest.json'))) {
    touch(bundles);
    touch(folder);
    return folder;
  }
  const made = mkdtempSync(join(CACHE, 'making-'));
  try {
    lendBundles(bundles, made);
    await make(made, sources);
    shareBundles(made, bundles);
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!isThere(join(folder, 'manifest.json'))) throw error;
  }
  touch(bundles);
  prune();
  return folder;
}

function hashSources(): string {
  const files = SOURCES.flatMap(filesOf);
  return hash(
    process.version,
    ...files.flatMap((file) => [file.slice(PACKAGE_ROOT.length), readFileSync(file, 'utf8')]),
  );
}

function hash(...parts: readonly string[]): string {
  return sha256(parts.join('\0')).slice(0, 32);
}

/** Gives a folder, by links, the bundles that are known. */
function lendBundles(bundles: string, folder: string): void {
  mkdirSync(bundles, { recursive: true });
  for (const name of readdirSync(bundles)) symlinkSync(join(bundles, name), join(folder, name));
}

/** Moves the bundles that a folder has of its own to the known ones, and leaves links to them. */
function shareBundles(folder: string, bundles: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.name.startsWith('asset.') || !entry.isDirectory()) continue;
    const [made, shared] = [join(folder, entry.name), join(bundles, entry.name)];
    try {
      renameSync(made, shared);
    } catch (error) {
      // Another process was faster.
      if (!isThere(shared)) throw error;
      rmSync(made, { recursive: true, force: true });
    }
    symlinkSync(shared, made);
  }
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function touch(folder: string): void {
  const now = new Date();
  utimesSync(folder, now, now);
}

/** Removes what has not been used for longest. What a run uses right now is among the newest. */
function prune(): void {
  const ages = readdirSync(CACHE).map((name) => {
    const folder = join(CACHE, name);
    return { folder, usedAt: statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  ages.sort((a, b) => b.usedAt - a.usedAt);
  for (const { folder } of ages.slice(MOST_KEPT)) rmSync(folder, { recursive: true, force: true });
}
