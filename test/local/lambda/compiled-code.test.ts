import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { compileCacheIn } from '../../../local/lambda/compiled-code.ts';
import { createLocalFunction, type LocalFunction } from '../../../local/lambda/local-function.ts';
import { makeFunction, makeProcessSettings } from '../workbench.ts';

const PID = `export const handler = async () => { await new Promise((r) => setTimeout(r, 100)); return process.pid; };`;

type Spec = Awaited<ReturnType<typeof makeFunction>>;

/** The function in a folder of its own, as in a run. */
async function start(spec: Spec): Promise<{ local: LocalFunction; home: string }> {
  const settings = await makeProcessSettings(spec);
  const environment = { NODE_COMPILE_CACHE: compileCacheIn(settings.home) };
  const local = createLocalFunction({ ...settings, environment });
  onTestFinished(() => local.kill());
  return { local, home: settings.home };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

test('what Node compiled of a bundle when it was first loaded is lent to the next run, and none is made a second time', async () => {
  const spec = await makeFunction(PID);
  const first = await start(spec);
  await first.local.invoke('null');
  const kept = filesIn(join(spec.assetFolder, 'compiled'));
  expect(kept.length).toBeGreaterThan(1);
  expect(kept).toEqual(filesIn(compileCacheIn(first.home)));

  const second = await start(spec);
  await second.local.invoke('null');
  expect(filesIn(compileCacheIn(second.home))).toEqual(kept);
  expect(filesIn(spec.assetFolder)).toEqual(['compiled', ...kept.map((file) => join('compiled', file)), 'index.mjs']);
});

test('processes that start at once do not stand in each other’s way, the first time and later', async () => {
  const spec = await makeFunction(PID);
  for (let run = 1; run <= 2; run++) {
    const { local } = await start(spec);
    const results = await Promise.all([1, 2, 3, 4].map(() => local.invoke('null')));
    expect(results.map(({ kind }) => kind)).toEqual(['answered', 'answered', 'answered', 'answered']);
  }
});
