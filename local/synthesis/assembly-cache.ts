import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import * as z from 'zod';
import { sha256 } from '../../functions/core/words/sha256.ts';
import { findCacheFolder } from '../../lib/bundles/cache-folder.ts';
import { contentKey } from '../../lib/bundles/content-key.ts';
import { BUNDLE_SOURCES, BUNDLES } from '../../lib/bundles/where.ts';
import { CODE_ROOT, IS_BUILT, PACKAGE_ROOT } from '../../lib/house/package.ts';

/** All that a synthesis is made from, besides the configuration. */
const SOURCES = [
  ...(IS_BUILT ? [join(CODE_ROOT, BUNDLES), join(PACKAGE_ROOT, 'package.json')].map(fromRoot) : BUNDLE_SOURCES),
  fromRoot(join(CODE_ROOT, 'lib')),
  'cdk.json',
];
/** More than any run of all tests uses. The bundles that they refer to are among them. */
const MOST_KEPT = 60;

/** Fills the folder that it is given. `sources` names what the code consists of. */
export type MakeAssembly = (outdir: string, sources: string) => Promise<void>;

/**
 * The folder of a synthesis of this configuration from these very sources; `make` fills the folder it is given when
 * there is none yet. Synthesis takes seconds, which `respond` does not have to spare. Two processes may make the same
 * at once: the first result is kept. Null where nothing can be kept: then every run synthesizes for itself.
 */
export async function cachedAssembly(config: string, make: MakeAssembly): Promise<string | null> {
  const cache = findCacheFolder();
  if (cache === null) return null;
  const sources = contentKey(PACKAGE_ROOT, SOURCES, process.version);
  const folder = join(cache, sha256([sources, config].join('\0')).slice(0, 32));
  if (!isWhole(folder)) {
    rmSync(folder, { recursive: true, force: true });
    const made = mkdtempSync(join(cache, 'making-'));
    try {
      await make(made, sources);
      renameSync(made, folder);
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      if (!isWhole(folder)) throw error;
    }
    prune(cache);
  }
  for (const used of [folder, ...codeOf(folder).map(dirname)]) touch(used);
  return folder;
}

function fromRoot(path: string): string {
  return relative(PACKAGE_ROOT, path);
}

/** It is there, and so is the code of its functions, which is kept once for all assemblies. */
function isWhole(folder: string): boolean {
  return existsSync(join(folder, 'manifest.json')) && codeOf(folder).every((code) => existsSync(code));
}

const assets = z.object({ files: z.record(z.string(), z.object({ source: z.object({ path: z.string() }) })) });

function codeOf(assembly: string): string[] {
  const lists = readdirSync(assembly).filter((name) => name.endsWith('.assets.json'));
  return lists
    .flatMap((name) => Object.values(assets.parse(JSON.parse(readFileSync(join(assembly, name), 'utf8'))).files))
    .map(({ source }) => source.path)
    .filter(isAbsolute);
}

function touch(folder: string): void {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch {
    // A package's own bundles may be anybody's, and nothing removes them.
  }
}

/** Removes what has not been used for longest. What a run uses right now is among the newest. */
function prune(cache: string): void {
  const ages = readdirSync(cache).map((name) => {
    const folder = join(cache, name);
    return { folder, usedAt: statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  ages.sort((a, b) => b.usedAt - a.usedAt);
  for (const { folder } of ages.slice(MOST_KEPT)) rmSync(folder, { recursive: true, force: true });
}
