import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../house/package.ts';

/**
 * The folder for what can be made again: `node_modules/.cache/headroom` of this installation, else `headroom` in the
 * user's cache folder (`~/.cache`). Null where neither can be written. Never a folder that others may write to: what
 * lies there is run.
 */
export function findCacheFolder(
  root = PACKAGE_ROOT,
  { XDG_CACHE_HOME: cacheHome }: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  const ofUser = cacheHome === undefined || cacheHome === '' ? join(homedir(), '.cache') : cacheHome;
  const candidates = [join(root, 'node_modules', '.cache', 'headroom'), join(ofUser, 'headroom')];
  return candidates.find(canWrite) ?? null;
}

function canWrite(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
