import { App, Stack } from 'aws-cdk-lib';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namesOf } from '../../lib/house/names.ts';
import { IncidentTable } from '../../lib/shared/incident-table.ts';
import { readTable, type TableDefinition } from './cloud-assembly.ts';

/** The incident table alone, as the shared stack has it: enough to open the records without running anything. */
export function synthesizeTable(prefix: string): TableDefinition {
  const outdir = mkdtempSync(join(tmpdir(), 'headroom-table-'));
  try {
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
    const stack = new Stack(app, 'Records');
    new IncidentTable(stack, 'Incidents', { tableName: namesOf(prefix).table, keyArn: undefined });
    const template: unknown = app.synth().getStackByName('Records').template;
    return readTable({ name: 'Records', template });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
