import { sumOf, type CostLine } from './estimate.ts';

/** `$0.031`; with fewer digits where they say nothing. */
export function dollars(amount: number): string {
  return `$${amount.toFixed(amount < 10 ? 3 : 2)}`;
}

export type CostRow = readonly [what: string, units: string, aMonth: string];

/** Lines with their sums, as rows of a table. */
export function rowsOf(lines: readonly CostLine[]): CostRow[] {
  const others = lines.filter(({ kind }) => kind === 'calls and records');
  return [
    ...lines.map(({ what, units, dollars: amount }): CostRow => [what, units, dollars(amount)]),
    ['beside alarms and metrics', '', dollars(sumOf(others))],
    ['together', '', dollars(sumOf(lines))],
  ];
}
