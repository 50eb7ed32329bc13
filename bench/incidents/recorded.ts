import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { MEASURES } from './measures.ts';

const FILE = fileURLToPath(new URL('recorded.json', import.meta.url));

const recordedLook = z.object({
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

/** What the first look of one rehearsal saw, and what the incident was taken for. */
export type RecordedLook = z.infer<typeof recordedLook>;

export function readRecorded(): readonly RecordedLook[] {
  return z.array(recordedLook).parse(JSON.parse(readFileSync(FILE, 'utf8')));
}

/** One look a line, in a fixed order. */
export function writeRecorded(looks: readonly RecordedLook[]): void {
  const sorted = [...looks].sort(
    (a, b) => a.scenario.localeCompare(b.scenario) || a.engine.localeCompare(b.engine) || a.seed - b.seed,
  );
  writeFileSync(FILE, `[\n${sorted.map((look) => `  ${JSON.stringify(look)}`).join(',\n')}\n]\n`);
}
