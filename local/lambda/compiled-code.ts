import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

// What Node has compiled of a bundle is kept beside it, which halves the time a process takes to load it. A function
// writes to its own folder alone, so it is given a copy, and what is kept is taken from a process that has not seen an
// event yet. Nothing depends on it: where it cannot be read or kept, everything loads as it would without.

const COMPILED = 'compiled';

/** Node's compile cache of a function with this folder. */
export function compileCacheIn(home: string): string {
  return join(home, COMPILED);
}

/** Gives a function what is kept of its bundle. */
export async function lendCompiledCode(assetFolder: string, home: string): Promise<void> {
  await cp(join(assetFolder, COMPILED), compileCacheIn(home), { recursive: true }).catch(() => undefined);
}

/** Keeps what a function has compiled of its bundle, unless that is kept already. */
export async function keepCompiledCode(assetFolder: string, home: string): Promise<void> {
  const kept = join(assetFolder, COMPILED);
  if (existsSync(kept)) return;
  const unfinished = await mkdtemp(join(assetFolder, 'compiling-')).catch(() => null);
  if (unfinished === null) return;
  try {
    await cp(compileCacheIn(home), unfinished, { recursive: true });
    await rename(unfinished, kept);
  } catch {
    // Another process was faster, or is still writing.
    await rm(unfinished, { recursive: true, force: true });
  }
}
