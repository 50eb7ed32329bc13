import type { StoredSample } from '../sampler/stored-sample.ts';
import { MOST_CONSUMERS, mostOfRest, sizeOf, type ConsumerCount, type Consumers } from '../server/consumer-count.ts';
import { quarterOf, type Quarter, type QuarterConsumer } from './profile.ts';

/**
 * The quarter of an hour that begins at `at`, from its samples in any order; null when none of them says what is usual.
 * Left out: samples of incidents, of pauses and of a server that is full or nearly so, and those that saw nothing. Two
 * samples of one moment are one: a clock that jumps back must not count anything twice. Linear in their consumers.
 */
export function rollUp(samples: readonly StoredSample[], at: number): Quarter | null {
  const byTime = new Map<number, Consumers>();
  const leftOut = new Set<number>();
  for (const sample of samples) {
    if (quarterOf(sample.at) !== at) continue;
    if (isUsual(sample)) byTime.set(sample.at, sample.consumers);
    else leftOut.add(sample.at);
  }
  const counted = [...byTime.values()];
  if (counted.length === 0) return null;
  const all = [...countsByName(counted)].map(([name, counts]) => quarterConsumer(name, counts, counted.length));
  const sorted = all.sort((a, b) => b.most - a.most || (a.name < b.name ? -1 : 1));
  const kept = sorted.slice(0, MOST_CONSUMERS);
  const names = new Set(kept.map(({ name }) => name));
  const [largestLeftOut] = sorted.slice(MOST_CONSUMERS);
  return {
    at,
    samples: counted.length,
    ...(leftOut.size > 0 && { leftOut: leftOut.size }),
    consumers: kept,
    rest: {
      consumers: greatest(counted, (consumers) => leftOutOf(consumers, names)),
      most: Math.max(largestLeftOut?.most ?? 0, greatest(counted, mostOfRest)),
    },
  };
}

function isUsual(sample: StoredSample): sample is StoredSample & { readonly consumers: Consumers } {
  // Samples of the version before have no consumers at all.
  const { consumers = null } = sample as Partial<StoredSample>;
  return sample.result === 'seen' && !sample.inIncident && !sample.isFull && !sample.isUnusual && consumers !== null;
}

function countsByName(counted: readonly Consumers[]): ReadonlyMap<string, readonly ConsumerCount[]> {
  const byName = new Map<string, ConsumerCount[]>();
  for (const count of counted.flatMap(({ largest }) => largest)) {
    const counts = byName.get(count.name);
    if (counts === undefined) byName.set(count.name, [count]);
    else counts.push(count);
  }
  return byName;
}

/** `samples`: of the quarter. In those that do not name it, it had no session. */
function quarterConsumer(name: string, counts: readonly ConsumerCount[], samples: number): QuarterConsumer {
  const sizes = counts.map(sizeOf);
  return {
    name,
    // One name may stand for several users.
    user: counts.map(({ user }) => user).reduce((least, user) => (user < least ? user : least)),
    idle: greatest(counts, ({ idle }) => idle),
    open: greatest(counts, ({ open }) => open),
    busy: greatest(counts, ({ busy }) => busy),
    most: Math.max(...sizes),
    middle: middleOf([...sizes, ...Array.from({ length: samples - sizes.length }, () => 0)]),
    used: greatest(counts, ({ open, busy }) => open + busy),
  };
}

/** The mean of the two in the middle when there are two. */
function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

function leftOutOf({ largest, rest }: Consumers, kept: ReadonlySet<string>): number {
  return largest.filter(({ name }) => !kept.has(name)).length + rest.consumers;
}

function greatest<T>(things: readonly T[], read: (thing: T) => number): number {
  return things.reduce((most, thing) => Math.max(most, read(thing)), 0);
}
