import { createHash } from 'node:crypto';
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
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'headroom');
/** All that a synthesis is made from, besides the configuration. */
const SOURCES = ['functions', 'lib', 'cdk.json', 'package-lock.json'];
/** Some 4 MB each. */
const MOST_KEPT = 30;

/** False where the installation belongs to somebody else: then every run synthesizes for itself. */
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
 * The folder of a synthesis of this configuration from these very sources; `make` fills the folder it is given when there is
 * none yet. Synthesis takes seconds, which `respond` does not have to spare. Two processes may make the same at once: the
 * first to finish is kept.
 */
export async function cachedAssembly(config: string, make: (outdir: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, keyOf(config));
  if (isThere(folder)) {
    touch(folder);
    return folder;
  }
  const made = mkdtempSync(join(CACHE, 'making-'));
  try {
    await make(made);
    renameSync(made, folder);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (!isThere(folder)) throw error;
  }
  prune();
  return folder;
}

function keyOf(config: string): string {
  const hash = createHash('sha256').update(process.version).update(config);
  for (const source of SOURCES) {
    for (const file of filesOf(join(ROOT, source))) hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 32);
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function isThere(folder: string): boolean {
  return statSync(join(folder, 'manifest.json'), { throwIfNoEntry: false }) !== undefined;
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
