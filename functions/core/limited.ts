import type { Act, ActCap, CapEnd, DroppedCap, SettledCap } from './incident.ts';
import { printable } from './printable.ts';

/** A temporary limit of an incident, for people and for machines. Null: not known, or there is none. */
export interface LimitSummary {
  readonly user: string;
  readonly limit: number;
  readonly before: number | null;
  readonly result: ActCap['result'];
  /** What became of it; null while it stands, and when it was not set. */
  readonly end: CapEnd | null;
  /** Who took it off the record; null unless somebody did. */
  readonly dropped: DroppedCap | null;
}

/** The limits that acts meant to set, in their order. */
export function summariseLimits(acts: readonly Act[], settled: readonly SettledCap[]): LimitSummary[] {
  return acts.flatMap(({ cap }): LimitSummary[] => {
    if (cap === null) return [];
    const { user, limit, before, result } = cap;
    const ended = settled.find((each) => each.user === user && each.end !== 'never-set');
    const standing = { user, limit, before, result, end: null, dropped: null };
    if (result !== 'done' || ended === undefined) return [standing];
    return [{ ...standing, end: ended.end, dropped: ended.dropped }];
  });
}

const END_WORDS: Readonly<Record<CapEnd, string>> = {
  lifted: 'lifted again',
  'never-set': 'never set',
  'changed-by-hand': 'somebody has set another since, which was left',
  'user-gone': 'the user is gone',
  dropped: 'taken off the record by hand, whatever the server has',
};

/** One line a limit, with numbers. */
export function describeLimit({ user, limit, before, result, end, dropped }: LimitSummary): string {
  const what = `the user ${printable(user, 63)} to ${limit} connections (before: ${before ?? 'no limit'})`;
  const who = dropped === null ? '' : `, by ${printable(dropped.by)}: ${printable(dropped.why, 300)}`;
  if (result === 'done') {
    return `limited ${what}: ${end === null ? 'until the incident is closed' : END_WORDS[end] + who}`;
  }
  return `meant to limit ${what}: ${result ?? 'no answer came'}`;
}
