import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import type { HeadroomConfig } from '../../../lib/config/schema.ts';
import { toSynthesizedConfig } from '../../../local/synthesis/local-config.ts';
import { synthesizeInProcess } from '../../../local/synthesis/synthesizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'headroom-synthesizer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = toSynthesizedConfig(
  parseConfig('targets: [{ id: shop, engine: postgres, auth: { mode: url, variable: A } }]', 'test'),
);
const order = (name: string) => ({ config, outdir: join(folder, name) });
const isMade = (name: string) => existsSync(join(folder, name, 'manifest.json'));

it('makes what several ask for at once, and says why it could not; the next is made all the same', async () => {
  const sources = randomUUID();
  const wrong = { config: {} as HeadroomConfig, outdir: join(folder, 'wrong') };
  const [first, second, third, fourth] = await Promise.allSettled([
    synthesizeInProcess(order('first'), sources),
    synthesizeInProcess(wrong, sources),
    synthesizeInProcess(order('third'), sources),
    synthesizeInProcess(order('fourth'), `${sources}-changed`),
  ]);
  expect([first.status, second.status, third.status, fourth.status]).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(String(second.status === 'rejected' && second.reason)).toMatch(
    /the stacks could not be synthesized \(exit status 1\):\n[^]*TypeError/,
  );
  expect(['first', 'third', 'fourth'].every(isMade)).toBe(true);
});
