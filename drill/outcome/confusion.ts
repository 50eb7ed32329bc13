import { print } from '../../local/terminal/output.ts';
import { tableOf } from '../../local/terminal/table.ts';
import type { DrillResult } from './drill-result.ts';
import type { FailedDrill } from './report.ts';

/** What became of all drills of one scenario. */
interface ConfusionRow {
  readonly scenario: string;
  readonly drills: number;
  readonly asExpected: number;
  /** Drills by the cause that was found; `none` where no login succeeded, `not held` where the drill itself failed. */
  readonly causes: Readonly<Record<string, number>>;
  /** The causes that were expected, on any engine. */
  readonly expected: readonly string[];
}

/** Scenario against the cause that was found, in the order of the drills. */
export function confusionOf(results: readonly (DrillResult | FailedDrill)[]): readonly ConfusionRow[] {
  const rows = new Map<string, ConfusionRow>();
  for (const result of results) {
    const { scenario, passed } = result;
    const row = rows.get(scenario) ?? { scenario, drills: 0, asExpected: 0, causes: {}, expected: [] };
    const found = 'error' in result ? 'not held' : (result.cause ?? 'none');
    rows.set(scenario, {
      ...row,
      drills: row.drills + 1,
      asExpected: row.asExpected + (passed ? 1 : 0),
      causes: { ...row.causes, [found]: (row.causes[found] ?? 0) + 1 },
      expected: [...new Set([...row.expected, ...expectedCauses(result)])],
    });
  }
  return [...rows.values()];
}

function expectedCauses(result: DrillResult | FailedDrill): readonly string[] {
  if ('error' in result) return [];
  return result.expected.filter(({ name }) => name === 'cause').flatMap(({ expected }) => expected.split(' or '));
}

/**
 * One line each: the causes found, those in brackets that were expected, and how many drills went as expected
 * altogether.
 */
export function printMatrix(matrix: readonly ConfusionRow[]): void {
  const causes = [...new Set(matrix.flatMap((row) => Object.keys(row.causes)))].sort();
  const rows = matrix.map((row) => {
    const cells = causes.map((cause) => {
      const count = row.causes[cause] ?? 0;
      if (row.expected.includes(cause)) return `[${count}]`;
      return count === 0 ? '·' : String(count);
    });
    return [row.scenario, ...cells, `${row.asExpected} of ${row.drills}`];
  });
  const [held, well] = [
    matrix.reduce((sum, { drills }) => sum + drills, 0),
    matrix.reduce((sum, { asExpected }) => sum + asExpected, 0),
  ];
  print(
    `\nCauses found (in brackets: expected)\n${tableOf(['scenario', ...causes, 'as expected'], rows)}\n${well} of ${held} drills went as expected`,
  );
}
