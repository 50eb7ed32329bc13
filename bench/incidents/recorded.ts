import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { MEASURES } from './measures.ts';

const FILE = fileURLToPath(new URL('recorded.json', import.meta.url));

const recordedRehearsal = z.object({
  scenario: z.string(),
  engine: z.enum(ENGINE_NAMES),
  seed: z.number(),
  /** The cause that the incident closed with; null when nobody got in. */
  cause: z.string().nullable(),
  /** The incident's own first finding. */
  firstCause: z.string().nullable(),
  asExpected: z.boolean(),
  measures: z.record(z.enum(Object.keys(MEASURES) as [keyof typeof MEASURES]), z.number().nullable()),
});

/** What the first snapshot of one rehearsal showed, and which cause the incident was given. */
export type RecordedRehearsal = z.infer<typeof recordedRehearsal>;

export function readRecorded(): readonly RecordedRehearsal[] {
  return z.array(recordedRehearsal).parse(JSON.parse(readFileSync(FILE, 'utf8')));
}

/** One rehearsal a line, in a fixed order. */
export function writeRecorded(rehearsals: readonly RecordedRehearsal[]): void {
  const sorted = [...rehearsals].sort(
    (a, b) => a.scenario.localeCompare(b.scenario) || a.engine.localeCompare(b.engine) || a.seed - b.seed,
  );
  writeFileSync(FILE, `[\n${sorted.map((rehearsal) => `  ${JSON.stringify(rehearsal)}`).join(',\n')}\n]\n`);
}
