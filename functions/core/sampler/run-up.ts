import { sizeOf, type Consumers } from '../server/consumer-count.ts';
import { mostFirst, thinned } from '../words/lists.ts';
import { mostHeld } from './most-held.ts';
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
  const hour = samples.filter(({ at, used }) => used !== null && at < now && now - at <= RUN_UP_MS);
  const seen = thinned(hour, MOST_MOMENTS);
  if (seen.length === 0) return null;
  const names = mostFirst(mostHeld(seen))
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

/** Never half a character. */
function clip(name: string): string {
  return name.slice(0, NAME_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
