import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { buildApp } from '../lib/app.ts';
import type { HeadroomConfig } from '../lib/config.ts';
import { IncidentTable } from '../lib/incident-table.ts';
import { namesOf } from '../lib/names.ts';
import { readAssembly, readTable, type Assembly } from './cloud-assembly.ts';
import type { TableDefinition } from './dynamodb.ts';
import { toSynthesizedConfig } from './local-config.ts';

const cache = new Map<string, Assembly>();
let root: string | null = null;

/**
 * Synthesizes the CDK app for the local targets of a configuration, in this process, and reads what came out: the very templates
 * and bundles that would be deployed. Takes seconds, so each configuration is synthesized once in a process.
 */
export function synthesize(config: HeadroomConfig): Assembly {
  const synthesized = toSynthesizedConfig(config);
  const key = JSON.stringify(synthesized);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const app = buildApp(synthesized, { outdir: mkdtempSync(join(rootFolder(), 'assembly-')) });
  const { stacks, directory } = app.synth();
  const assembly = readAssembly(
    stacks.map((stack) => ({ name: stack.stackName, template: stack.template as unknown })),
    directory,
  );
  cache.set(key, assembly);
  return assembly;
}

/** The incident table alone, as the shared stack has it: enough to open the records without running anything. */
export function synthesizeTable(prefix: string): TableDefinition {
  const app = new App({ outdir: mkdtempSync(join(rootFolder(), 'table-')), analyticsReporting: false });
  const stack = new Stack(app, 'Records');
  new IncidentTable(stack, 'Incidents', namesOf(prefix).table);
  const template: unknown = app.synth().getStackByName('Records').template;
  return readTable({ name: 'Records', template });
}

/** Goes with the process: bundles are run from there as long as it lives. */
function rootFolder(): string {
  if (root === null) {
    const folder = mkdtempSync(join(tmpdir(), 'headroom-synth-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    root = folder;
  }
  return root;
}
