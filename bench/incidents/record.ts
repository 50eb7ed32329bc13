import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseDrills, type Drill } from '../../drill/choice.ts';
import { confusionOf, printMatrix } from '../../drill/outcome/confusion.ts';
import type { DrillResult } from '../../drill/outcome/drill-result.ts';
import type { FailedDrill } from '../../drill/outcome/report.ts';
import { runDrill } from '../../drill/run.ts';
import type { FirstSnapshot } from '../../drill/target/first-snapshot.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import { measure } from './measures.ts';
import { MODELS } from './models.ts';
import { readRecorded, writeRecorded, type RecordedRehearsal } from './recorded.ts';

/**
 * Rehearses every scenario that a model is for and keeps what the first snapshot of each showed, in the place of an
 * earlier record of the same scenario, engine and seed: `npm run record -- [--seeds N] [--engine E] [--scenario NAME]`.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    engine: { type: 'string', default: 'all' },
    scenario: { type: 'string' },
  },
});
const names = values.scenario === undefined ? MODELS.flatMap(({ scenarios }) => scenarios) : [values.scenario];

const results: (DrillResult | FailedDrill)[] = [];
for (const drill of names.flatMap(drillsOf)) results.push(await record(drill));
printMatrix(confusionOf(results));

function drillsOf(scenario: string): readonly Drill[] {
  const request = {
    scenario,
    all: false,
    engine: 'all',
    postgresVersion: '18',
    seed: '1',
    seeds: values.seeds,
  } as const;
  return chooseDrills(request).filter(({ server }) => values.engine === 'all' || server.engine === values.engine);
}

async function record({ scenario, server, seed }: Drill): Promise<DrillResult | FailedDrill> {
  const which = { scenario: scenario.name, engine: server.engine, seed };
  const snapshots: FirstSnapshot[] = [];
  try {
    const result = await runDrill(scenario, {
      server,
      seed,
      onLine: () => undefined,
      show: () => undefined,
      onFirstSnapshot: (first) => snapshots.push(first),
      signal: new AbortController().signal,
    });
    for (const { settings, snapshot, context } of snapshots) {
      keep({
        ...which,
        cause: result.cause,
        firstCause: result.firstCause,
        asExpected: result.passed,
        measures: measure(snapshot, settings.policy, context),
      });
    }
    const unmet = result.expected.filter(({ ok }) => !ok);
    console.log(
      `${which.scenario} on ${which.engine}, seed ${seed}: ${result.firstCause ?? 'none'}, then ${result.cause ?? 'none'}; ${result.totalSeconds} s${unmet.map(({ name, expected, found }) => `; ${name}: expected ${expected}, found ${found}`).join('')}`,
    );
    return result;
  } catch (thrown) {
    const error = errorWords(thrown);
    console.log(`${which.scenario} on ${which.engine}, seed ${seed}: not held: ${error}`);
    return { ...which, passed: false, error };
  }
}

function keep(rehearsal: RecordedRehearsal): void {
  const file = fileURLToPath(new URL('recorded.json', import.meta.url));
  const earlier = existsSync(file) ? readRecorded() : [];
  const isSame = ({ scenario, engine, seed }: RecordedRehearsal) =>
    scenario === rehearsal.scenario && engine === rehearsal.engine && seed === rehearsal.seed;
  writeRecorded([...earlier.filter((other) => !isSame(other)), rehearsal]);
}
