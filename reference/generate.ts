import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { buildJsonSchema } from '../lib/config/json-schema.ts';
import { fillCauses } from './causes-reference.ts';
import { writeCostReference } from './cost-reference.ts';
import { buildEventSchema, fillEvents } from './events-reference.ts';
import { writePolicyReference } from './policy-reference.ts';
import { DARK, drawRecording, LIGHT, transcriptIn } from './recording.ts';
import { fillSecurity } from './security-reference.ts';

const ROOT = join(import.meta.dirname, '..');

/** The files that are made from code, in whole or in part, formatted as they are kept. */
export async function generateFiles(): Promise<Readonly<Record<string, string>>> {
  const schema = JSON.stringify(buildJsonSchema());
  const transcript = transcriptIn(readFileSync(join(ROOT, 'docs/drill.md'), 'utf8'));
  return {
    'headroom.schema.json': await format(schema, { parser: 'json', printWidth: 120 }),
    'docs/causes.md': await format(fillCauses(readFileSync(join(ROOT, 'docs/causes.md'), 'utf8')), {
      parser: 'markdown',
      printWidth: 120,
    }),
    'docs/cost.md': await format(writeCostReference(), { parser: 'markdown', printWidth: 120 }),
    'docs/events.md': await format(fillEvents(readFileSync(join(ROOT, 'docs/events.md'), 'utf8')), {
      parser: 'markdown',
      printWidth: 120,
    }),
    'docs/incident-event.schema.json': await format(JSON.stringify(buildEventSchema()), {
      parser: 'json',
      printWidth: 120,
    }),
    'docs/security.md': await format(fillSecurity(readFileSync(join(ROOT, 'docs/security.md'), 'utf8')), {
      parser: 'markdown',
      printWidth: 120,
    }),
    'docs/images/drill-dark.svg': drawRecording(transcript, DARK),
    'docs/images/drill-light.svg': drawRecording(transcript, LIGHT),
    'docs/policy.md': await format(writePolicyReference(), { parser: 'markdown', printWidth: 120 }),
  };
}

if (import.meta.main) {
  for (const [file, content] of Object.entries(await generateFiles())) {
    writeFileSync(join(ROOT, file), content);
  }
}
