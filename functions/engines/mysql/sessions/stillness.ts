/**
 * What stays the same as long as a session does nothing: whether it is between two statements, and which was its last;
 * `seconds`, TIME, may only grow. Where statements are not numbered (MySQL without performance_schema) `statement` is
 * null, and `beganAt` is the epoch second of its start, to about one.
 */
export interface Stillness {
  readonly isAsleep: boolean;
  readonly thread: number | null;
  readonly statement: number | null;
  readonly seconds: number;
  readonly beganAt: number | null;
}

/** Still at work on the statement it was at work on before. */
export function isOnSameStatement(now: Stillness, before: Stillness): boolean {
  if (now.isAsleep || before.isAsleep || now.thread !== before.thread) return false;
  if (now.statement !== null || before.statement !== null) return now.statement === before.statement;
  return now.beganAt !== null && before.beganAt !== null && Math.abs(now.beganAt - before.beganAt) <= 1;
}
