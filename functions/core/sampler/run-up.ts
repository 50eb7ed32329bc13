import { sizeOf, type Consumers } from '../server/consumer-count.ts';
import type { StoredSample } from './stored-sample.ts';

/** Who held so many slots. */
export interface Holder {
  /** As `consumerOf` writes it. */
  readonly name: string;
  readonly sessions: number;
}

/** The time before an incident, for whoever reads about it later: samples themselves are kept for a few days only. */
export interface RunUp {
  /** The consumers that held the most, by the most that they held. */
  readonly names: readonly string[];
  /** Oldest first. `held`: slots of each of the names, in their order; null where a sample names nobody. */
  readonly moments: readonly {
    readonly at: number;
    readonly used: number;
    readonly usable: number | null;
    readonly isFull: boolean;
    readonly held: readonly number[] | null;
  }[];
}

/** As many consumers as a chart can tell apart. */
const MOST_HOLDERS = 8;
const RUN_UP_MS = 60 * 60_000;
/** One a minute. With the names some 8 kB. */
const MOST_MOMENTS = 60;
/** Longer names are told apart by their beginning. */
const NAME_LENGTH = 130;

/** The largest holders of one moment. */
export function holdersOf({ largest }: Consumers): Holder[] {
  return largest.slice(0, MOST_HOLDERS).map((consumer) => ({ name: clip(consumer.name), sessions: sizeOf(consumer) }));
}

/** The hour before a moment, thinned out. Null when no sample of it shows slots. `samples`: oldest first. */
export function runUpTo(samples: readonly StoredSample[], now: number): RunUp | null {
  const seen = thinned(samples.filter(({ at, used }) => used !== null && at < now && now - at <= RUN_UP_MS));
  if (seen.length === 0) return null;
  const most = new Map<string, number>();
  for (const { consumers } of seen) {
    for (const consumer of consumers?.largest ?? []) {
      most.set(consumer.name, Math.max(most.get(consumer.name) ?? 0, sizeOf(consumer)));
    }
  }
  const names = [...most]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_HOLDERS)
    .map(([name]) => name);
  return {
    names: names.map(clip),
    moments: seen.map(({ at, used, usable, isFull, consumers }) => ({
      at,
      used: used ?? 0,
      usable,
      isFull,
      held: consumers === null ? null : heldBy(names, consumers),
    })),
  };
}

function heldBy(names: readonly string[], { largest }: Consumers): number[] {
  const sizes = new Map(largest.map((consumer) => [consumer.name, sizeOf(consumer)]));
  return names.map((name) => sizes.get(name) ?? 0);
}

/** The newest always stays: it shows what the incident began with. */
function thinned<T>(items: readonly T[]): T[] {
  const step = Math.ceil(items.length / MOST_MOMENTS);
  return items.filter((_, index) => (items.length - 1 - index) % step === 0);
}

/** Never half a character. */
function clip(name: string): string {
  return name.slice(0, NAME_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
