import type { Act, ActCap, CapEnd, SettledCap } from './incident.ts';
import { printable } from './printable.ts';

/** A temporary limit of an incident, for people and for machines. Null: not known, or there is none. */
export interface LimitSummary {
  readonly user: string;
  readonly limit: number;
  readonly before: number | null;
  readonly result: ActCap['result'];
  /** What became of it; null while it stands, and when it was not set. */
  readonly end: CapEnd | null;
}

/** The limits that acts meant to set, in their order. */
export function summariseLimits(acts: readonly Act[], settled: readonly SettledCap[]): LimitSummary[] {
  return acts.flatMap(({ cap }) => {
    if (cap === null) return [];
    const { user, limit, before, result } = cap;
    const ended = settled.find((each) => each.user === user && each.end !== 'never-set');
    return [{ user, limit, before, result, end: result === 'done' ? (ended?.end ?? null) : null }];
  });
}

const END_WORDS: Readonly<Record<CapEnd, string>> = {
  lifted: 'lifted again',
  'never-set': 'never set',
  'changed-by-hand': 'somebody has set another since, which was left',
  'user-gone': 'the user is gone',
};

/** One line a limit, with numbers. */
export function describeLimit({ user, limit, before, result, end }: LimitSummary): string {
  const what = `the user ${printable(user, 63)} to ${limit} connections (before: ${before ?? 'no limit'})`;
  if (result === 'done') return `limited ${what}: ${end === null ? 'until the incident is closed' : END_WORDS[end]}`;
  return `meant to limit ${what}: ${result ?? 'no answer came'}`;
}
