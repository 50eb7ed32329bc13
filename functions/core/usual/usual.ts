import type { StoredSample } from '../sampler/stored-sample.ts';
import { mostOfRest, sizeOf, type ConsumerCount, type Consumers, type Kind } from '../server/consumer-count.ts';
import { heldAndGivenBack, type Moment, type Series } from './given-back.ts';
import { PROFILE_MS, QUARTER_MS, quarterOf, type Profile, type QuarterConsumer } from './profile.ts';
import type { FirstLook } from './turnover.ts';

/** What a person would call usual of one consumer, in sessions. */
export interface UsualCount extends Readonly<Record<Kind, number>> {
  /** From `low` to `all` sessions in all. */
  readonly low: number;
  readonly all: number;
  /**
   * The same by the earlier half of the days on record alone: what has grown since is over it. Equal to `all` where
   * less is known.
   */
  readonly long: number;
  /**
   * The same by this hour of earlier days alone: what has come since yesterday may be a habit, or be the trouble. Equal to
   * `all` where less is known; absent in records of earlier versions.
   */
  readonly settled?: number;
  /** The most that were in use at once within a day; null while less than a day is on record. */
  readonly used: number | null;
}

/** `50`, or `0 to 2`. */
export function inNumbers({ low, all }: Pick<UsualCount, 'low' | 'all'>): string {
  const [from, to] = [Math.round(low), Math.round(all)];
  return from >= to ? `${to}` : `${from} to ${to}`;
}

/**
 * Where it comes from. `profile`: quarters of an hour. `samples`: the samples before the climb. `arrivals`: who came
 * last, by one snapshot. `none`: nothing tells.
 */
export type UsualBasis = 'profile' | 'samples' | 'arrivals' | 'none';

/** What is usual on a target at this hour. */
export interface Usual {
  readonly basis: UsualBasis;
  /**
   * On most days this hour is left out of the profile, because the server is at the trigger then: what is usual at this
   * hour is less sure.
   */
  readonly isSeldomSeen: boolean;
  /** On most days some samples of this hour are left out for that reason: what comes for minutes may not be known. */
  readonly missesBursts?: boolean;
  readonly consumers: Readonly<Record<string, UsualCount>>;
  /** Sessions of each user in all: its consumers may change their names and addresses, as a deploy does. */
  readonly users: Readonly<Record<string, Pick<UsualCount, 'all' | 'long'>>>;
  /** What is usual of a consumer that is not named: more than 0 where the lists were cut. */
  readonly unnamed: number;
  /**
   * Consumers without which there is no relief: all others together hold fewer sessions than must come free. Nothing
   * else speaks against them, so ordinary ages apply to them.
   */
  readonly dominant: readonly string[];
  /** Consumers that were over their usual number when the incident began: these have filled the server. */
  readonly over: readonly string[];
  /** Consumers of which nothing tells whether they are as usual. */
  readonly unsure: readonly string[];
  /** Absent before the incident's first look, and in records of earlier versions. */
  readonly firstLook?: FirstLook;
}

export const NO_USUAL: Usual = {
  basis: 'none',
  isSeldomSeen: false,
  consumers: {},
  users: {},
  unnamed: 0,
  dominant: [],
  over: [],
  unsure: [],
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The same hour of another day: so much earlier or later. Jobs are not exact to the minute. */
const AROUND_MS = 30 * 60_000;
/** Of the same hour on several days, the usual number is under or at this share of them: a few odd days do not count. */
const OF_DAYS = 0.8;
/** The same for the earlier days, where growth since is what shows. */
const OF_EARLIER = 0.9;
const LEAST_EARLIER_DAYS = 2;
/** Fewer days do not make a habit: then the most of them counts. */
const LEAST_DAYS = 3;
/** So many quarters make a profile: an hour. */
const LEAST_QUARTERS = 4;
/** So many samples before the climb tell what was usual. */
const LEAST_SAMPLES = 3;
/** Samples come each minute at least, and one in between may be lost. */
const SAMPLES_APART_MS = 150_000;

/** A sample, as far as it tells what is usual. One of an earlier version names no consumers. */
export interface UsualSample extends Pick<StoredSample, 'at' | 'inIncident'> {
  readonly consumers?: Consumers | null;
}

/** Whatever can be summed up of a consumer or user over a time. */
type Figures = Pick<QuarterConsumer, Kind | 'most' | 'middle' | 'used'>;

/** One stretch of time with what each consumer and user had in it. */
interface Stretch extends Moment {
  readonly consumers: ReadonlyMap<string, Figures>;
  readonly users: ReadonlyMap<string, Figures>;
  /** What a consumer may have had that is not named. */
  readonly unnamed: number;
}

/**
 * What is usual now, by what was before the climb. Several horizons are compared: the same hour of the days on record,
 * the same hour of the same weekday, and the last day; with less than a day on record, all of it. The highest counts,
 * so that what is new for half a day is usual, and a batch that runs each Sunday too; so is what is held and given back
 * again and again. Where no day like today is on record (on the first Monday after a weekend), it is all that was held
 * within the last day but for its last hour. `climbAt`: when usage began to climb; nothing later counts. Null when there is too little to tell.
 * Pure; linear in the quarters and samples.
 */
export function usualFrom(
  profile: Profile,
  samples: readonly UsualSample[],
  { at, climbAt }: { readonly at: number; readonly climbAt: number },
): Usual | null {
  const quarters = profile.filter(
    (quarter) => quarter.at + QUARTER_MS <= climbAt && quarter.at >= at - PROFILE_MS - DAY_MS,
  );
  const before = samples.flatMap((sample) => (sample.at < climbAt && !sample.inIncident ? ofSample(sample) : []));
  const lately = { stretches: before, apartMs: SAMPLES_APART_MS };
  if (quarters.length >= LEAST_QUARTERS) {
    const horizons = horizonsOf(quarters, at, lately);
    const usual = summed('profile', horizons);
    const missing = whatIsMissing(quarters, at);
    if (missing === 'bursts') return { ...usual, missesBursts: true };
    return missing === 'seldom' ? { ...usual, isSeldomSeen: true, unsure: comingsAndGoings(usual, horizons) } : usual;
  }
  if (before.length < LEAST_SAMPLES) return null;
  const recent = [...stretchesOf(quarters), ...before];
  return summed('samples', { recent, days: [], day: [], beforeLastHour: [], series: [lately] });
}

interface Day {
  readonly stretches: readonly Stretch[];
  /** Whole weeks ago. */
  readonly isSameWeekday: boolean;
  /** At a weekend as today, or as little as today. */
  readonly isAlike: boolean;
}

interface Horizons {
  /** All there is, where a day has not been seen yet. */
  readonly recent: readonly Stretch[];
  /** The same hour of each day, yesterday first. */
  readonly days: readonly Day[];
  /** The last day, and the same without its last hour. */
  readonly day: readonly Stretch[];
  readonly beforeLastHour: readonly Stretch[];
  /** What shows who comes and goes. */
  readonly series: readonly Series<Stretch>[];
}

function horizonsOf(quarters: Profile, at: number, lately: Series<Stretch>): Horizons {
  const stretches = stretchesOf(quarters);
  const first = stretches[0]?.at ?? at;
  if (at - first < DAY_MS - AROUND_MS)
    return {
      recent: stretches,
      days: [],
      day: [],
      beforeLastHour: [],
      series: [{ stretches, apartMs: QUARTER_MS }, lately],
    };
  const ofThisHour = stretches.filter((quarter) => {
    const ago = at - quarter.at;
    const offset = ago - Math.round(ago / DAY_MS) * DAY_MS;
    return Math.round(ago / DAY_MS) > 0 && Math.abs(offset) <= AROUND_MS + QUARTER_MS / 2;
  });
  const byDay = Map.groupBy(ofThisHour, (quarter) => Math.round((at - quarter.at) / DAY_MS));
  const day = stretches.filter((quarter) => at - quarter.at <= DAY_MS);
  return {
    recent: [],
    days: [...byDay]
      .sort(([a], [b]) => a - b)
      .map(([daysAgo, ofDay]) => ({
        stretches: ofDay,
        isSameWeekday: daysAgo % 7 === 0,
        isAlike: isWeekend(at - daysAgo * DAY_MS) === isWeekend(at),
      })),
    day,
    beforeLastHour: day.filter((quarter) => at - quarter.at > HOUR_MS),
    series: [{ stretches: day, apartMs: QUARTER_MS }, lately],
  };
}

function isWeekend(at: number): boolean {
  return [0, 6].includes(new Date(at).getUTCDay());
}

/** On so many days, and on half of them at least, the next quarter must be missing. */
const LEAST_MISSING_DAYS = 1;

/**
 * How much of this time of day is missing from the profile on most of the days on record: the server was at the trigger
 * then. `seldom`: the next quarter of an hour as a whole; `bursts`: samples of it or of the present one.
 */
function whatIsMissing(quarters: Profile, at: number): 'seldom' | 'bursts' | null {
  const leftOut = new Map(quarters.map((quarter) => [quarter.at, quarter.leftOut ?? 0]));
  const days = Math.floor((at - (quarters[0]?.at ?? at)) / DAY_MS);
  const thisQuarter = Array.from({ length: days }, (_, index) => quarterOf(at - (index + 1) * DAY_MS));
  const onMostDays = (isMissing: (present: number) => boolean): boolean => {
    const missing = thisQuarter.filter(isMissing).length;
    return missing >= LEAST_MISSING_DAYS && 2 * missing >= days;
  };
  if (onMostDays((present) => !leftOut.has(present + QUARTER_MS))) return 'seldom';
  const isCut = (present: number) => [present, present + QUARTER_MS].some((quarter) => leftOut.get(quarter) !== 0);
  return onMostDays(isCut) ? 'bursts' : null;
}

/** Consumers that are not there for most of the last day: an hour that is seldom seen tells nothing of them. */
function comingsAndGoings({ consumers }: Usual, { day }: Horizons): string[] {
  const isThere = (name: string) => 2 * day.filter((stretch) => stretch.consumers.has(name)).length > day.length;
  return Object.keys(consumers).filter((name) => !isThere(name));
}

function summed(basis: UsualBasis, horizons: Horizons): Usual {
  const all = [
    ...horizons.recent,
    ...horizons.day,
    ...horizons.days.flatMap(({ stretches }) => stretches),
    ...horizons.series.flatMap(({ stretches }) => stretches),
  ];
  const names = new Set(all.flatMap(({ consumers }) => [...consumers.keys()]));
  const users = new Set(all.flatMap((stretch) => [...stretch.users.keys()]));
  return {
    basis,
    isSeldomSeen: false,
    consumers: Object.fromEntries([...names].map((name) => [name, usualOf(horizons, 'consumers', name)])),
    users: Object.fromEntries(
      [...users].map((user) => {
        const { all: most, long } = usualOf(horizons, 'users', user);
        return [user, { all: most, long }];
      }),
    ),
    unnamed: Math.max(0, ...all.map(({ unnamed }) => unnamed)),
    dominant: [],
    over: [],
    unsure: [],
  };
}

function usualOf(horizons: Horizons, of: 'consumers' | 'users', name: string): UsualCount {
  const read = (stretches: readonly Stretch[]) =>
    stretches.map((stretch) => stretch[of].get(name) ?? (of === 'consumers' ? unnamed(stretch) : NO_FIGURES));
  const recent = read(horizons.recent);
  const days = horizons.days.map((each) => ({ ...each, figures: read(each.stretches) }));
  const day = read(horizons.day);
  const beforeLastHour = read(horizons.beforeLastHour);
  const isLikeNoOther = days.length > 0 && !days.some(({ isAlike }) => isAlike);
  const comings = horizons.series
    .map((each) => ({ ...each, figures: read(each.stretches) }))
    // Work goes up and down in any pool; here the sessions themselves must have come and gone.
    .filter((each) => heldAndGivenBack(valuesOf(each.figures, 'most'), each) > 0);
  const ofDays = (figure: keyof Figures) => {
    const hours = days.map(({ figures }) => mostOf(figures, figure));
    return Math.max(
      hours.length < LEAST_DAYS ? Math.max(0, ...hours) : quantile(hours, OF_DAYS),
      ...days.flatMap(({ isSameWeekday, figures }) => (isSameWeekday ? [mostOf(figures, figure)] : [])),
    );
  };
  const high = (figure: keyof Figures) =>
    Math.max(
      ofDays(figure),
      quantile(valuesOf(day, figure), 0.5),
      quantile(valuesOf(recent, figure), OF_DAYS),
      ...comings.map((each) => heldAndGivenBack(valuesOf(each.figures, figure), each)),
      ...(isLikeNoOther ? valuesOf(beforeLastHour, figure) : []),
    );
  const all = high('most');
  // A weekend tells nothing of what a weekday has grown to.
  const earlier = days
    .slice(Math.floor(days.length / 2))
    .flatMap(({ isAlike, figures }) => (isAlike ? [mostOf(figures, 'most')] : []));
  const lows = valuesOf([...recent, ...days.flatMap(({ figures }) => figures)], 'middle');
  return {
    low: Math.min(all, quantile(lows.length === 0 ? valuesOf(day, 'middle') : lows, 0.2)),
    all,
    long: earlier.length < LEAST_EARLIER_DAYS ? all : Math.min(all, quantile(earlier, OF_EARLIER)),
    settled: days.length === 0 ? all : ofDays('most'),
    used: day.length === 0 ? null : mostOf(day, 'used'),
    idle: high('idle'),
    open: high('open'),
    busy: high('busy'),
  };
}

const NO_FIGURES: Figures = { idle: 0, open: 0, busy: 0, most: 0, middle: 0, used: 0 };

/** A consumer that a stretch does not name had no more than this of anything. */
function unnamed({ unnamed: most }: Stretch): Figures {
  return most === 0 ? NO_FIGURES : { idle: most, open: most, busy: most, most, middle: most, used: most };
}

function valuesOf(figures: readonly Figures[], figure: keyof Figures): number[] {
  return figures.map((each) => each[figure]);
}

function mostOf(figures: readonly Figures[], figure: keyof Figures): number {
  return figures.reduce((most, each) => Math.max(most, each[figure]), 0);
}

/** A value that so great a share of the values does not exceed; 0 of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}

/** A quarter with fewer samples than this share of the most that any has is without some. */
const WHOLE_SHARE = 0.9;

function stretchesOf(quarters: Profile): Stretch[] {
  const most = quarters.reduce((samples, quarter) => Math.max(samples, quarter.samples), 0);
  return quarters.map(({ at, consumers, rest, samples }) =>
    stretchOf({ at, isWhole: samples >= WHOLE_SHARE * most }, consumers, rest.consumers === 0 ? 0 : rest.most),
  );
}

function ofSample({ at, consumers }: UsualSample): Stretch[] {
  if (consumers == null) return [];
  return [stretchOf({ at, isWhole: true }, consumers.largest.map(figuresOf), mostOfRest(consumers))];
}

function stretchOf(when: Moment, consumers: readonly QuarterConsumer[], unnamedMost: number): Stretch {
  const users = new Map<string, Figures>();
  for (const consumer of consumers) users.set(consumer.user, add(users.get(consumer.user) ?? NO_FIGURES, consumer));
  return {
    ...when,
    consumers: new Map(consumers.map((consumer) => [consumer.name, consumer])),
    users,
    unnamed: unnamedMost,
  };
}

function figuresOf(count: ConsumerCount): QuarterConsumer {
  const { name, user, idle, open, busy } = count;
  const size = sizeOf(count);
  return { name, user, idle, open, busy, most: size, middle: size, used: open + busy };
}

function add(a: Figures, b: Figures): Figures {
  return {
    idle: a.idle + b.idle,
    open: a.open + b.open,
    busy: a.busy + b.busy,
    most: a.most + b.most,
    middle: a.middle + b.middle,
    used: a.used + b.used,
  };
}
