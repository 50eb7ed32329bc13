import { QUARTER_MS, type Profile, type QuarterConsumer } from '../../functions/core/usual/profile.ts';
import type { StoredSample } from '../../functions/core/sampler/stored-sample.ts';
import { PROFILE_COLUMNS, USAGE_COLUMNS, type ProfileSummary } from '../format.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** How far a quarter of an hour may be from the same hour of another day. */
const AROUND = 45 * MINUTE;
const DAYS = 14;
const PART = 3 * HOUR;
/** Usage of so many minutes ago is told: each of the last ten, and then every tenth. */
const TOLD_MINUTES = [...Array.from({ length: 10 }, (_, index) => index + 1), ...tens(20, 120)];

function tens(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / 10 + 1 }, (_, index) => from + 10 * index);
}

interface History {
  readonly quarters: Profile;
  readonly samples: readonly StoredSample[];
  readonly at: number;
}

/** Sums up a history: the same hour of each day before, and the last day in eight parts. */
export function sumUp(
  { quarters, samples, at }: History,
  consumerOf: (consumer: Pick<QuarterConsumer, 'name' | 'user'>) => number,
): ProfileSummary {
  const whole = quarters.filter((quarter) => quarter.at + QUARTER_MS <= at);
  const periods = [
    ...Array.from({ length: DAYS }, (_, index) => {
      const middle = (index + 1) * DAY;
      return { of: 'same hour' as const, fromAgoMs: middle + AROUND, toAgoMs: middle - AROUND };
    }),
    ...Array.from({ length: DAY / PART }, (_, index) => ({
      of: 'last day' as const,
      fromAgoMs: (index + 1) * PART,
      toAgoMs: index * PART,
    })),
  ];
  const known = periods.flatMap((period) => {
    const within = whole.filter(
      (quarter) => quarter.at >= at - period.fromAgoMs && quarter.at + QUARTER_MS <= at - period.toAgoMs,
    );
    return within.length === 0 ? [] : [{ ...period, rows: rowsOf(within, consumerOf) }];
  });
  return {
    columns: [...PROFILE_COLUMNS],
    periods: known,
    unnamed: whole.reduce((most, { rest }) => (rest.consumers === 0 ? most : Math.max(most, rest.most)), 0),
    usage: { columns: [...USAGE_COLUMNS], rows: usageOf(samples, at) },
  };
}

function rowsOf(
  quarters: Profile,
  consumerOf: (consumer: Pick<QuarterConsumer, 'name' | 'user'>) => number,
): number[][] {
  const own = Map.groupBy(
    quarters.flatMap(({ consumers }) => consumers),
    consumerOf,
  );
  const highest = (rows: readonly QuarterConsumer[], figure: 'most' | 'used' | 'idle' | 'open' | 'busy') =>
    rows.reduce((most, row) => Math.max(most, row[figure]), 0);
  return [...own].map(([consumer, rows]) => [
    consumer,
    highest(rows, 'most'),
    // It was not there in the quarters that do not name it.
    middleOf([...rows.map(({ middle }) => middle), ...Array<number>(quarters.length - rows.length).fill(0)]),
    highest(rows, 'used'),
    highest(rows, 'idle'),
    highest(rows, 'open'),
    highest(rows, 'busy'),
  ]);
}

function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function usageOf(samples: readonly StoredSample[], at: number): (number | null)[][] {
  return TOLD_MINUTES.flatMap((minutes) => {
    const sample = samples.find((each) => Math.abs(at - each.at - minutes * MINUTE) < MINUTE / 2);
    if (sample === undefined) return [];
    const { used, activity } = sample;
    return [[at - sample.at, used, activity?.sessionsOpened ?? null, activity?.loginsRefused ?? null]];
  });
}
