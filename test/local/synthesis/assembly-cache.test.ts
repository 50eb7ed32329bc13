import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
    expect(readFileSync(join(first ?? '', 'manifest.json'), 'utf8')).toBe('{}');
  });

  it('gives both of two that make the same at once the same folder', async () => {
    const config = randomUUID();
    const { made, make } = maker();
    const [first, second] = await Promise.all([cachedAssembly(config, make), cachedAssembly(config, make)]);
    expect(second).toBe(first);
    expect(made.filter((outdir) => existsSync(outdir))).toEqual([]);
  });

  it('makes one anew when the code that it refers to is gone', async () => {
    const code = mkdtempSync(join(tmpdir(), 'headroom-code-'));
    const { made, make } = maker();
    const referring = async (outdir: string): Promise<void> => {
      await make(outdir);
      const files = { abc: { source: { path: code } } };
      writeFileSync(join(outdir, 'Stack.assets.json'), JSON.stringify({ files }));
    };
    const config = randomUUID();
    const first = await cachedAssembly(config, referring);
    expect(await cachedAssembly(config, referring)).toBe(first);
    expect(made).toHaveLength(1);
    rmSync(code, { recursive: true });
    expect(await cachedAssembly(config, referring)).toBe(first);
    expect(made).toHaveLength(2);
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
