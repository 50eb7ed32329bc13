import { count } from '../words/count.ts';
import { utc } from '../words/in-words.ts';
import { named, printable } from '../words/printable.ts';
import type { Act, ActLimit } from './act.ts';

/** A temporary limit of an incident, for people and for machines. Null: unknown, or there is none. */
export interface LimitSummary {
  readonly user: string;
  readonly limit: number;
  readonly before: number | null;
  readonly result: ActLimit['result'];
  /** When it ends by itself, epoch milliseconds, where a person has set it; absent: when its incident closes. */
  readonly until?: number;
  /** How it ended; null while it is active, and when it was not set. */
  readonly end: LimitEnd | null;
  /** Who lifted it early, or took it off the record; null unless someone did. */
  readonly dropped: DroppedLimit | null;
}

/** The limits that acts were to set, in their order. */
export function summariseLimits(acts: readonly Act[], settled: readonly SettledLimit[]): LimitSummary[] {
  return acts.flatMap(({ limit: meant }): LimitSummary[] => {
    if (meant === null) return [];
    const { user, limit, before, result, until } = meant;
    const ended = settled.find((each) => each.user === user && each.end !== 'never-set');
    const ending = until === undefined ? {} : { until };
    const summary = { user, limit, before, result, ...ending, end: null, dropped: null };
    if (result !== 'done' || ended === undefined) return [summary];
    return [{ ...summary, end: ended.end, dropped: ended.dropped }];
  });
}

const END_WORDS: Readonly<Record<LimitEnd, string>> = {
  lifted: 'lifted since',
  'never-set': 'never set',
  'changed-by-hand': 'a person has set another limit since, which stays',
  'user-gone': 'the user no longer exists',
  dropped: 'taken off the record manually, without asking the server',
};

/** One line for each limit, with numbers. */
export function describeLimit({ user, limit, before, result, until, end, dropped }: LimitSummary): string {
  const what = `the user ${named(user, 63)} to ${count(limit, 'connection')} (before: ${before ?? 'no limit'})`;
  const who = dropped === null ? '' : `, by ${printable(dropped.by)}: ${printable(dropped.why, 300)}`;
  if (result === 'done') {
    const active = until === undefined ? 'until the incident is closed' : `until ${utc(until)}`;
    return `limited ${what}: ${end === null ? active : END_WORDS[end] + who}`;
  }
  return `tried to limit ${what}: ${result ?? 'no answer came'}`;
}

/**
 * A temporary limit on record. It is written before the limit is set, and taken off once the limit has been lifted or
 * can never be set any more. Whoever finds it after its incident has closed lifts it, unless a person has set it for
 * longer: see `isHeld`.
 */
export interface LimitRecord {
  readonly targetId: string;
  readonly user: string;
  /** As an administrator's statement names it. */
  readonly account: string;
  readonly incidentId: string;
  readonly limit: number;
  /** What to restore; null: no limit. */
  readonly before: number | null;
  /** Epoch milliseconds, as are `setBy` and `toldAt`. */
  readonly at: number;
  /** The worker sets it by then or not at all. */
  readonly setBy: number;
  /** It is known to have been set. */
  readonly isSet: boolean;
  /** When the time is over for which a person has set it, epoch milliseconds; absent for one of an incident's acts. */
  readonly until?: number;
  /** When a person was notified that it could not be lifted; null while none was. */
  readonly toldAt: number | null;
}

/**
 * How a limit ended. `lifted`: the one before is back. `never-set`: the server never had it. `changed-by-hand`: a
 * person has set another limit, which stays. `user-gone`: the user no longer exists. `dropped`: a person has taken it
 * off the record, and the server was not asked.
 */
export type LimitEnd = 'lifted' | 'never-set' | 'changed-by-hand' | 'user-gone' | 'dropped';

export interface SettledLimit extends LimitRecord {
  readonly end: LimitEnd;
  readonly endedAt: number;
  /** Who lifted it early, or took it off the record, and why; null unless someone did. */
  readonly dropped: DroppedLimit | null;
}

export interface DroppedLimit {
  readonly by: string;
  readonly why: string;
}
