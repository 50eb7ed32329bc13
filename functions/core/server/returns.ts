import { consumerOf } from './consumer.ts';
import type { Session } from './session.ts';

/** The sessions of one consumer that an incident has ended. Times are epoch milliseconds by our own clock. */
export interface Ended {
  /** When the act began that ended it, for each of them; at least one. */
  readonly at: readonly number[];
  /** When they were opened, those of which that is known. One that came after an earlier act had replaced what that ended. */
  readonly openedAt: readonly number[];
}

/** What became of the slots that an incident freed. Consumers that lost too few sessions to tell are left out. */
export interface Returns {
  readonly ended: number;
  /** How many of these were replaced: their consumer has opened as many sessions since. */
  readonly back: number;
  /** Present sessions of the consumers that came back at once. */
  readonly refilling: number;
  /** When the first act that gained nothing began, by our own clock; null while acts gain slots. */
  readonly vainSince: number | null;
  /** The share, 0 to 1, of a consumer's ended sessions that were replaced; 0 when it lost none, or too few to tell. */
  readonly shareOf: (consumer: string) => number;
  /**
   * For how many milliseconds ending more of a consumer's sessions is in vain: 0 when it gains slots or may be tried
   * again, Infinity while the consumer goes on coming, or where nobody knows what is usual.
   */
  readonly inVainForMs: (consumer: string) => number;
  /** `shareOf` without regard to how long it took, also of consumers that are at their usual number again. */
  readonly refillOf: (consumer: string) => number;
  /** How many sessions of any consumer were ended since a time of our own clock: these have not left by themselves. */
  readonly endedSince: (time: number) => number;
}

export const NO_RETURNS: Returns = {
  ended: 0,
  back: 0,
  refilling: 0,
  vainSince: null,
  shareOf: () => 0,
  inVainForMs: () => 0,
  refillOf: () => 0,
  endedSince: () => 0,
};

/** Sessions that come within this time after an act come back at once. */
export const AT_ONCE_MS = 20_000;
/**
 * A server that is full again shows nobody who still waits for a slot: only another act tells whether whoever came back
 * has had enough. It is tried once nothing has come for `AT_ONCE_MS`, and after each try in vain so many times as late:
 * a client that wants its session back loses it three times within three minutes at most.
 */
const LATER_BY = 4;
/** A consumer whose newest session is younger than this goes on coming. */
const GOES_ON_MS = 3_000;
/** Nor do few of a large consumer: a pool that is still growing opens as many anyway. */
const LEAST_SHARE_ENDED = 0.2;
/** Fewer ended sessions than this say nothing: ordinary traffic outweighs them. */
export const LEAST_ENDED = 3;
/** Some more, as the consumer may grow before it is seen again. */
const ENOUGH_SHARE = LEAST_SHARE_ENDED + 0.05;
/** From this share on, ending sessions gains nothing. */
export const RETURNS_AT_ONCE = 0.7;
/**
 * From an act's snapshot to its beginning. On MySQL and MariaDB the snapshots alone date a new session: it came at some
 * time after the previous one.
 */
export const SNAPSHOT_TO_ACT_MS = 2_000;

interface WhatIsUsual {
  /** A pool that fills up again to its usual number does what is expected of it, and is left out. */
  readonly isAtUsual: (consumer: string) => boolean;
  /**
   * Whether samples or a profile tell it. Where nothing does, a consumer that came back may be as usual, and is not
   * tried again.
   */
  readonly isKnown: boolean;
}

/**
 * Measures which consumers came back. `at`: when the sessions were seen, by our own clock. O(n log n) in sessions.
 */
export function readReturns(
  sessions: readonly Session[],
  at: number,
  ended: ReadonlyMap<string, Ended>,
  { isAtUsual, isKnown }: WhatIsUsual = { isAtUsual: () => false, isKnown: true },
): Returns {
  const living = Map.groupBy(sessions, consumerOf);
  const telling = [...ended].flatMap(([consumer, own]): Told[] => {
    const present = living.get(consumer) ?? [];
    const lost = own.at.length;
    if (lost < Math.max(LEAST_ENDED, LEAST_SHARE_ENDED * present.length)) return [];
    const since = Math.min(...own.at);
    const came = [
      ...present.flatMap(({ connectedMs }) => (connectedMs === null ? [] : [at - connectedMs])),
      ...own.openedAt,
    ];
    const fresh = came.filter((time) => time > since - SNAPSHOT_TO_ACT_MS);
    const refill = Math.min(1, fresh.length / lost);
    const share = cameAtOnce(own.at, fresh) / lost;
    const quietMs = at - Math.max(...own.at, ...fresh);
    const waitMs = Math.max(0, AT_ONCE_MS * LATER_BY ** (countTries(own.at) - 1) - quietMs);
    const inVainForMs = share < RETURNS_AT_ONCE ? 0 : quietMs < GOES_ON_MS || !isKnown ? Infinity : waitMs;
    return [{ consumer, lost, since, refill, share, inVainForMs, living: present.length }];
  });
  const byName = new Map(telling.map((each) => [each.consumer, each]));
  const measured = telling.filter(({ consumer }) => !isAtUsual(consumer));
  const lost = sum(measured.map((each) => each.lost));
  const back = sum(measured.map((each) => each.lost * each.share));
  return {
    ended: lost,
    back: Math.round(back),
    refilling: sum(measured.filter(({ share }) => share >= RETURNS_AT_ONCE).map((each) => each.living)),
    vainSince: lost > 0 && back >= RETURNS_AT_ONCE * lost ? Math.min(...measured.map(({ since }) => since)) : null,
    shareOf: (consumer) => (isAtUsual(consumer) ? 0 : (byName.get(consumer)?.share ?? 0)),
    inVainForMs: (consumer) => (isAtUsual(consumer) ? 0 : (byName.get(consumer)?.inVainForMs ?? 0)),
    refillOf: (consumer) => byName.get(consumer)?.refill ?? 0,
    endedSince: (time) => sum([...ended.values()].map((each) => each.at.filter((one) => one >= time).length)),
  };
}

/** How many sessions must end, of consumers that have so many, to tell whether they come back. */
export function enoughToTell(sessions: number): number {
  return Math.max(LEAST_ENDED, Math.ceil(ENOUGH_SHARE * sessions));
}

/** A consumer that has lost enough sessions to tell. */
interface Told {
  readonly consumer: string;
  readonly lost: number;
  readonly since: number;
  readonly refill: number;
  readonly share: number;
  readonly inVainForMs: number;
  readonly living: number;
}

/** How many of the ended sessions have a new one that came at once; each new one replaces one. */
function cameAtOnce(ended: readonly number[], came: readonly number[]): number {
  const arrivals = came.toSorted((a, b) => a - b);
  let next = 0;
  let replaced = 0;
  for (const end of ended.toSorted((a, b) => a - b)) {
    while (next < arrivals.length && (arrivals[next] ?? 0) <= end - SNAPSHOT_TO_ACT_MS) next++;
    if ((arrivals[next] ?? Infinity) > end + AT_ONCE_MS) continue;
    next++;
    replaced++;
  }
  return replaced;
}

/** Acts that follow each other at once are one try. */
function countTries(ended: readonly number[]): number {
  const acts = ended.toSorted((a, b) => a - b);
  return acts.filter((act, index) => act - (acts[index - 1] ?? -Infinity) >= AT_ONCE_MS).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
