import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findCacheFolder } from '../../../lib/bundles/cache-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As a file, a folder cannot be made or written in, whoever asks. */
function blocked(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'node_modules'), '');
  return path;
}

test('what can be made again is kept with the packages', () => {
  const found = findCacheFolder(folder, { XDG_CACHE_HOME: join(folder, 'home') });
  expect(found).toBe(join(folder, 'node_modules/.cache/headroom'));
  expect(existsSync(join(folder, 'home'))).toBe(false);
});

test("where that folder cannot be written, it is the user's own cache folder", () => {
  const home = join(folder, 'home');
  expect(findCacheFolder(blocked('installed'), { XDG_CACHE_HOME: home })).toBe(join(home, 'headroom'));
  expect(existsSync(join(home, 'headroom'))).toBe(true);
});

test('where neither can be written there is none', () => {
  const home = join(folder, 'home');
  writeFileSync(home, '');
  expect(findCacheFolder(blocked('installed'), { XDG_CACHE_HOME: home })).toBeNull();
});
