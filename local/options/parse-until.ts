import { UsageError } from './usage-error.ts';

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

interface Given {
  /** A number and a unit, such as `90m`. */
  readonly for?: string | undefined;
  /** An instant. */
  readonly until?: string | undefined;
}

/**
 * The end of a pause in epoch milliseconds; null when none was given. Throws UsageError for one that is not in the
 * future.
 */
export function parseUntil(given: Given, now: number): number | null {
  if (given.for !== undefined && given.until !== undefined) throw new UsageError('use --for or --until, not both');
  if (given.for !== undefined) return now + parseSpan('--for', given.for);
  if (given.until === undefined) return null;
  const until = Date.parse(given.until);
  if (Number.isNaN(until)) throw new UsageError(`--until ${given.until}: use an instant such as 2026-12-01T08:00Z`);
  if (until <= now) throw new UsageError(`--until ${given.until} is in the past`);
  return until;
}

/** Milliseconds of a number and a unit, such as `90m`. Throws UsageError, which names the option. */
export function parseSpan(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count === undefined || !isUnit(unit) || Number(count) === 0) {
    throw new UsageError(`${option} ${text}: use a number and a unit, such as 90m, 4h or 2d`);
  }
  return Number(count) * UNITS[unit];
}

function isUnit(unit: string | undefined): unit is keyof typeof UNITS {
  return unit !== undefined && unit in UNITS;
}
