import type { ProcessRow, StatementRow } from './usage.sql.ts';

/** A time that was cut off to whole seconds at its start: it is this long ago, or up to a second longer. */
export function atLeast(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.round(Math.max(0, seconds - 1) * 1000);
}

/**
 * What performance_schema has of a session does not change while its tracking is off (setup_instruments,
 * setup_consumers, threads.INSTRUMENTED): a session at work would seem idle for hours. PROCESSLIST goes on, and what
 * contradicts it is not used. Its TIME and `began_ms` count from the same moment. `readWithinMs`: from before one was
 * read until after the other was.
 */
export function whatRan(
  { command, seconds }: ProcessRow,
  ran: StatementRow | undefined,
  readWithinMs: number,
): StatementRow | undefined {
  if (ran === undefined || (ran.ended === 1) !== (command === 'Sleep')) return undefined;
  const mostMs = ((seconds ?? 0) + 1) * 1000 + readWithinMs;
  return (exact(ran.began_ms) ?? 0) > mostMs ? undefined : ran;
}

export interface Ages {
  readonly stateMs: number | null;
  readonly queryMs: number | null;
}

/**
 * Never overstated, with one exception that the server leaves no way around: MySQL without performance_schema counts
 * the time of an idle session from the start of its last statement. In a transaction, whose end loses work, that time
 * is not used, but the time for which we have seen the session asleep ourselves. `seenAsleepMs`: null outside a
 * transaction.
 */
export function agesOf(
  process: ProcessRow,
  ran: StatementRow | undefined,
  isAsleep: boolean,
  seenAsleepMs: number | null,
): Ages {
  if (process.exact_ms !== null) {
    const age = Math.max(0, Math.round(process.exact_ms));
    return { stateMs: age, queryMs: isAsleep ? null : age };
  }
  const sinceBegin = atLeast(process.seconds);
  if (ran === undefined) {
    const stateMs = isAsleep && seenAsleepMs !== null ? Math.min(seenAsleepMs, sinceBegin ?? 0) : sinceBegin;
    return { stateMs, queryMs: sinceBegin };
  }
  const queryMs = exact(ran.began_ms) ?? sinceBegin;
  if (!isAsleep) return { stateMs: queryMs, queryMs };
  const afterwards = Math.max(0, (sinceBegin ?? 0) - Math.ceil(ran.took_ms ?? Infinity));
  return { stateMs: exact(ran.ended_ms) ?? afterwards, queryMs };
}

/** The clock of performance_schema starts over after 213 days. */
export function exact(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined || ms < 0 ? null : Math.round(ms);
}
