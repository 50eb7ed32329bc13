import { quarterOf, QUARTER_MS, type Profile, type Quarter } from '../../functions/core/usual/profile.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a person reads of a profile. Times are epoch milliseconds. */
export interface ProfileTable {
  /** The hour of the day, by UTC, that `atThisHour` is about. */
  readonly hour: number;
  /** Quarters of an hour on record; `ofThisHour`: those of this hour, on whatever day. */
  readonly quarters: number;
  readonly ofThisHour: number;
  /** When the oldest begins and the newest ends; null without any. */
  readonly from: number | null;
  readonly to: number | null;
  /** When the next quarter ends: it is on record with the first sample after that. */
  readonly nextAt: number;
  /** Those that hold most first. */
  readonly consumers: readonly ProfileRow[];
}

export interface ProfileRow {
  readonly name: string;
  readonly user: string;
  /** Sessions at this hour, over the days on record; null when no day has this hour. */
  readonly atThisHour: Range | null;
  /** Sessions within the last 24 hours. */
  readonly inLastDay: Range;
  /** Most sessions in use at once (busy, or in a transaction) within the last 24 hours. */
  readonly mostUsed: number;
  /** When the last quarter ended in which it had a session. */
  readonly lastSeen: number;
}

/** From the smallest median of a quarter to the most in any sample. A quarter that does not name it counts as 0. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** `profile`: oldest first. Linear in it. */
export function tabulateProfile(profile: Profile, now: number): ProfileTable {
  const hour = hourOf(now);
  const thisHour = profile.filter(({ at }) => hourOf(at) === hour);
  const lastDay = profile.filter(({ at }) => at > now - DAY_MS && at <= now);
  const hourly = rangesOf(thisHour);
  const daily = rangesOf(lastDay);
  const rows = [...lastSeen(profile).values()].map(({ name, user, at }): ProfileRow => ({
    name,
    user,
    atThisHour: thisHour.length === 0 ? null : (hourly.get(name) ?? NONE),
    inLastDay: daily.get(name) ?? NONE,
    mostUsed: daily.get(name)?.used ?? 0,
    lastSeen: at + QUARTER_MS,
  }));
  const newest = profile.at(-1);
  return {
    hour,
    quarters: profile.length,
    ofThisHour: thisHour.length,
    from: profile[0]?.at ?? null,
    to: newest === undefined ? null : newest.at + QUARTER_MS,
    nextAt: quarterOf(now) + QUARTER_MS,
    consumers: rows.map(plainRanges).sort(bySize),
  };
}

function hourOf(at: number): number {
  return Math.floor((at % DAY_MS) / HOUR_MS);
}

interface UsedRange extends Range {
  readonly used: number;
}

const NONE: UsedRange = { low: 0, high: 0, used: 0 };

function rangesOf(quarters: readonly Quarter[]): ReadonlyMap<string, UsedRange> {
  const ranges = new Map<string, UsedRange>();
  const named = new Map<string, number>();
  for (const { name, middle, most, used } of quarters.flatMap(({ consumers }) => consumers)) {
    const before = ranges.get(name) ?? { low: Infinity, high: 0, used: 0 };
    ranges.set(name, {
      low: Math.min(before.low, middle),
      high: Math.max(before.high, most),
      used: Math.max(before.used, used),
    });
    named.set(name, (named.get(name) ?? 0) + 1);
  }
  const always = (name: string) => named.get(name) === quarters.length;
  return new Map([...ranges].map(([name, range]) => [name, always(name) ? range : { ...range, low: 0 }]));
}

/** Each consumer with the last quarter that names it. */
function lastSeen(profile: Profile): ReadonlyMap<string, Pick<ProfileRow, 'name' | 'user'> & { readonly at: number }> {
  return new Map(
    profile.flatMap(({ at, consumers }) => consumers.map(({ name, user }) => [name, { name, user, at }] as const)),
  );
}

function plainRanges(row: ProfileRow): ProfileRow {
  const plain = ({ low, high }: Range): Range => ({ low, high });
  return { ...row, atThisHour: row.atThisHour && plain(row.atThisHour), inLastDay: plain(row.inLastDay) };
}

function bySize(a: ProfileRow, b: ProfileRow): number {
  const sizeOf = ({ atThisHour, inLastDay }: ProfileRow) => Math.max(atThisHour?.high ?? 0, inLastDay.high);
  return sizeOf(b) - sizeOf(a) || (a.name < b.name ? -1 : 1);
}
