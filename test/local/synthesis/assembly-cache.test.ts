import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachedAssembly } from '../../../local/synthesis/assembly-cache.ts';

function maker() {
  const made: string[] = [];
  const make = (outdir: string): Promise<void> => {
    made.push(outdir);
    writeFileSync(join(outdir, 'manifest.json'), '{}');
    return Promise.resolve();
  };
  return { made, make };
}

describe('the cache of syntheses', () => {
  it('makes one once, and another for another configuration', async () => {
    const config = randomUUID();
    const { made, make } = maker();
    const first = await cachedAssembly(config, make);
    expect(await cachedAssembly(config, make)).toBe(first);
    expect(await cachedAssembly(`${config}-changed`, make)).not.toBe(first);
    expect(made).toHaveLength(2);
    expect(readFileSync(join(first, 'manifest.json'), 'utf8')).toBe('{}');
  });

  it('gives both of two that make the same at once the same folder', async () => {
    const config = randomUUID();
    const { made, make } = maker();
    const [first, second] = await Promise.all([cachedAssembly(config, make), cachedAssembly(config, make)]);
    expect(second).toBe(first);
    expect(made.filter((outdir) => existsSync(outdir))).toEqual([]);
  });

  it('has the bundles of other configurations in the folder already, and shares them', async () => {
    const [bundle, written] = [`asset.${randomUUID()}`, randomUUID()];
    const seen: string[] = [];
    const make = (outdir: string): Promise<void> => {
      const file = join(outdir, bundle, 'inside/index.mjs');
      if (existsSync(file)) seen.push(readFileSync(file, 'utf8'));
      else {
        mkdirSync(join(outdir, bundle, 'inside'), { recursive: true });
        writeFileSync(file, written);
      }
      writeFileSync(join(outdir, 'manifest.json'), '{}');
      return Promise.resolve();
    };
    const folders = [await cachedAssembly(randomUUID(), make), await cachedAssembly(randomUUID(), make)];
    expect(seen).toEqual([written]);
    const [first, second] = folders.map((folder) => statSync(join(folder, bundle, 'inside/index.mjs')).ino);
    expect(second).toBe(first);
    const cache = join(folders[0] ?? '', '..');
    for (const name of readdirSync(cache)) rmSync(join(cache, name, bundle), { recursive: true, force: true });
  });

  it('keeps nothing of one that failed', async () => {
    const config = randomUUID();
    const { made, make } = maker();
    await expect(
      cachedAssembly(config, (outdir) => make(outdir).then(() => Promise.reject(new Error('no')))),
    ).rejects.toThrow('no');
    expect(existsSync(made[0] ?? '')).toBe(false);
    await cachedAssembly(config, make);
    expect(made).toHaveLength(2);
  });
});
