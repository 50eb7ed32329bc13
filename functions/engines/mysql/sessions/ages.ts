import type { ProcessRow, StatementRow } from './usage.sql.ts';

/** A time that was cut off to whole seconds at its start: it is this long ago, or up to a second longer. */
export function atLeast(seconds: number | null | undefined): number | null {
  return seconds === null || seconds === undefined ? null : Math.round(Math.max(0, seconds - 1) * 1000);
}

/** TIME and what is worked out from it are this exact. */
const PRECISION_S = 2;

/**
 * TIME follows `SET timestamp`, which a client may set to any moment (MySQL; every replay of a binlog does). What cannot
 * be is not known: a statement that began in the future (a second of it is rounding), before the server did, or before
 * the session came.
 * `startedAt`: of the server, in epoch seconds by its own clock.
 */
export function withPossibleTime(process: ProcessRow, connectedMs: number | null, startedAt: number): ProcessRow {
  const { seconds, began_at: began } = process;
  if (seconds === null) return process;
  const mostMs = (connectedMs ?? Infinity) + 1000 * PRECISION_S;
  const isPossible = seconds >= -1 && 1000 * seconds <= mostMs && (began ?? Infinity) >= startedAt - PRECISION_S;
  return isPossible ? process : { ...process, seconds: null, began_at: null };
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
  const mostMs = seconds === null ? Infinity : (seconds + 1) * 1000 + readWithinMs;
  return (exact(ran.began_ms) ?? 0) > mostMs ? undefined : ran;
}

export interface Ages {
  readonly stateMs: number | null;
  readonly queryMs: number | null;
}

/** What our own looks have shown of a session. */
export interface Watched {
  /** How long it has been asleep at least; null outside a transaction. */
  readonly asleepMs: number | null;
  /** How long ago it was at work, at the latest look that showed it so; null when none did. */
  readonly atWorkMs: number | null;
}

/**
 * Never overstated, with one exception that the server leaves no way around: MySQL without performance_schema counts
 * the time of an idle session from the start of its last statement. It has been idle no longer than since we last saw
 * it at work. In a transaction, whose end loses work, the server's time is not used, but the time for which we have
 * seen the session asleep ourselves.
 */
export function agesOf(process: ProcessRow, ran: StatementRow | undefined, isAsleep: boolean, watched: Watched): Ages {
  if (process.exact_ms !== null) {
    const age = Math.max(0, Math.round(process.exact_ms));
    return { stateMs: age, queryMs: isAsleep ? null : age };
  }
  const sinceBegin = atLeast(process.seconds);
  if (ran === undefined) {
    if (!isAsleep || sinceBegin === null) return { stateMs: sinceBegin, queryMs: sinceBegin };
    const mostMs = Math.min(watched.asleepMs ?? Infinity, watched.atWorkMs ?? Infinity);
    return { stateMs: Math.min(sinceBegin, mostMs), queryMs: sinceBegin };
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
