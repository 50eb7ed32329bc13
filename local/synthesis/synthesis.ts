import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { HeadroomConfig } from '../../lib/config/schema.ts';
import { startKeeper } from '../machine/keeper.ts';
import { cachedAssembly, type MakeAssembly } from './assembly-cache.ts';
import { readAssembly, type Assembly, type SynthesizedStack } from './cloud-assembly.ts';
import { toSynthesizedConfig } from './local-config.ts';
import { synthesizeInProcess } from './synthesizer.ts';

const cache = new Map<string, Promise<Assembly>>();
let root: string | null = null;

/**
 * Synthesizes the CDK app for the local targets of a configuration and reads what came out: the very templates and
 * bundles that would be deployed. Takes seconds the first time, in a process of its own, so it is worth starting early;
 * later runs of the same configuration and sources find it in the cache.
 */
export function synthesize(config: HeadroomConfig): Promise<Assembly> {
  const synthesized = toSynthesizedConfig(config);
  const key = JSON.stringify(synthesized);
  const known = cache.get(key) ?? synthesizeNow(synthesized);
  cache.set(key, known);
  return known;
}

async function synthesizeNow(config: HeadroomConfig): Promise<Assembly> {
  const make: MakeAssembly = async (outdir, sources) => {
    // Where the functions were never bundled, this takes half a minute, in which nothing else is seen.
    process.stderr.write('Preparing the workflow and its functions; this is kept for later runs\n');
    await synthesizeInProcess({ config, outdir }, sources);
  };
  const folder = (await cachedAssembly(JSON.stringify(config), make)) ?? (await makeOnce(make));
  return readAssembly(readStacks(folder), folder);
}

async function makeOnce(make: MakeAssembly): Promise<string> {
  const outdir = mkdtempSync(join(rootFolder(), 'assembly-'));
  await make(outdir, '');
  return outdir;
}

const manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.looseObject({ templateFile: z.string().optional() }).optional() }),
  ),
});

function readStacks(folder: string): SynthesizedStack[] {
  const readJson = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  return Object.entries(manifest.parse(readJson('manifest.json')).artifacts).flatMap(([name, { type, properties }]) =>
    type === 'aws:cloudformation:stack' ? [{ name, template: readJson(String(properties?.templateFile)) }] : [],
  );
}

/** Removed with this process, however it ends. */
function rootFolder(): string {
  if (root === null) {
    const folder = mkdtempSync(join(tmpdir(), 'headroom-synth-'));
    startKeeper().guardFolder(folder);
    root = folder;
  }
  return root;
}
