import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { incident, type Incident } from './format.ts';

const FOLDER = join(import.meta.dirname, 'incidents');

/** Every incident of the corpus, kind by kind, each checked against the format. */
export function readCorpus(): Incident[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .flatMap((file) => readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n'))
    .map((line) => incident.parse(JSON.parse(line)));
}

/** Puts these in the place of all of their kinds: one file for each kind, one line for each incident. */
export function writeCorpus(incidents: readonly Incident[]): void {
  mkdirSync(FOLDER, { recursive: true });
  for (const [kind, own] of Map.groupBy(incidents, ({ labels }) => labels.kind)) {
    const file = `${kind.replaceAll(/[^a-z]+/g, '-')}.jsonl`;
    writeFileSync(join(FOLDER, file), own.map((each) => `${JSON.stringify(each)}\n`).join(''));
  }
}
