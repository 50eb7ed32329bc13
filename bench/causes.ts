import { CAUSES } from '../functions/core/cause/find-cause.ts';
import { NO_HISTORY } from '../functions/core/plan/tier-plan.ts';
import type { CauseName } from '../functions/core/policy/cause-names.ts';
import { diagnoseSnapshot } from '../functions/core/verdict/diagnosis.ts';
import { countBy } from '../functions/core/words/count-by.ts';
import { aPolicy } from '../test/support/a-session.ts';
import { gapsOf, type Range } from './incidents/coverage.ts';
import { generateIncident } from './incidents/generate.ts';
import { MODELS } from './incidents/models.ts';
import { readRecorded } from './incidents/recorded.ts';
import { printTable } from './table.ts';

const PER_MODEL = 84;

/** A thousand generated incidents of every kind, and the cause found for each. */
export function benchCauses(): void {
  const settings = { policy: aPolicy(), mode: 'act' as const };
  const names = Object.keys(CAUSES) as CauseName[];
  let right = 0;
  let named = 0;
  const rows = MODELS.map((model, kind) => {
    const found = new Map<string, number>();
    for (let seed = 0; seed < PER_MODEL; seed++) {
      const { snapshot, context } = generateIncident(model, 1_000 * kind + seed);
      const { cause } = diagnoseSnapshot(snapshot, settings, NO_HISTORY, { context });
      found.set(cause.name, (found.get(cause.name) ?? 0) + 1);
      if (cause.name === model.cause) right++;
      if (cause.name !== 'unclear') named++;
    }
    return [model.name, ...names.map((name) => cell(found.get(name) ?? 0, name === model.cause))];
  });
  printTable('Causes of generated incidents (in brackets: right)', ['incident', ...names.map(abbreviate)], rows);
  const total = MODELS.length * PER_MODEL;
  console.log(
    `${right} of ${total} right (${((100 * right) / total).toFixed(1)}%), ${total - named} left unclear, ${named - right} wrong\n`,
  );
}

/** Which causes the recorded rehearsals were given, and where the models do not reach what was recorded. */
export function benchRecorded(): void {
  const rehearsals = readRecorded();
  const rows = MODELS.map(({ name, scenarios }) => {
    const own = rehearsals.filter(({ scenario }) => scenarios.includes(scenario));
    const first = own.map(({ firstCause }) => firstCause ?? 'none');
    return [
      name,
      String(own.length),
      [...countBy(first, (cause) => cause)].map(([cause, count]) => `${cause} ${count}`).join(', '),
      String(own.filter(({ asExpected }) => asExpected).length),
    ];
  });
  printTable('Recorded rehearsals', ['incident', 'drills', 'first cause found', 'as expected'], rows);
  const gaps = MODELS.flatMap((model) => gapsOf(model, rehearsals));
  const inWords = (range: Range | null) =>
    range === null ? 'nothing' : `${range.from.toFixed(2)} to ${range.to.toFixed(2)}`;
  for (const { model, measure, recorded, modelled } of gaps) {
    console.log(
      `the model of ${model} does not reach what was recorded: ${measure} ${inWords(recorded)}, modelled ${inWords(modelled)}`,
    );
  }
  if (gaps.length === 0) console.log('the models reach all that was recorded\n');
}

function cell(count: number, isRight: boolean): string {
  if (isRight) return `[${count}]`;
  return count === 0 ? '·' : String(count);
}

function abbreviate(name: string): string {
  return name
    .split('-')
    .map((word) => word.slice(0, 6))
    .join('-');
}
