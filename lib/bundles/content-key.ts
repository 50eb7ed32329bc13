import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../functions/core/words/sha256.ts';

/** A name for what is made from these files and folders of `root`, and from `more`: another for other contents. */
export function contentKey(root: string, sources: readonly string[], ...more: readonly string[]): string {
  const files = sources.flatMap((source) => filesOf(join(root, source)));
  const contents = files.flatMap((file) => [file.slice(root.length), readFileSync(file, 'utf8')]);
  return sha256([...contents, ...more].join('\0')).slice(0, 32);
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
