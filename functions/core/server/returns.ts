import { countBy } from '../words/count-by.ts';
import { consumerOf } from './consumer.ts';
import type { Session } from './session.ts';

/** The sessions of one consumer that an incident has ended. */
export interface Ended {
  readonly sessions: number;
  /** When the first act that ended one began, epoch milliseconds by our own clock. */
  readonly since: number;
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
  /** The same without regard to how long it took, also of consumers that are at their usual number again. */
  readonly refillOf: (consumer: string) => number;
}

export const NO_RETURNS: Returns = {
  ended: 0,
  back: 0,
  refilling: 0,
  vainSince: null,
  shareOf: () => 0,
  refillOf: () => 0,
};

/** Sessions that come within this time after an act come back at once; later, so many as come in that time do. */
const AT_ONCE_MS = 20_000;
/** Nor do few of a large consumer: a pool that is still growing opens as many anyway. */
const LEAST_SHARE_ENDED = 0.2;
/** Fewer ended sessions than this say nothing: ordinary traffic outweighs them. */
const LEAST_ENDED = 3;
/** From this share on, ending sessions gains nothing. */
export const RETURNS_AT_ONCE = 0.7;
/**
 * From an act's snapshot to its beginning. On MySQL and MariaDB the snapshots alone date a new session: it came at some
 * time after the previous one.
 */
export const SNAPSHOT_TO_ACT_MS = 2_000;

/**
 * Measures which consumers came back. `at`: when the sessions were seen, by our own clock. `isAtUsual`: a pool that
 * fills up again to its usual number does what is expected of it, and is left out. Linear in sessions.
 */
export function readReturns(
  sessions: readonly Session[],
  at: number,
  ended: ReadonlyMap<string, Ended>,
  isAtUsual: (consumer: string) => boolean = () => false,
): Returns {
  const living = countBy(sessions, consumerOf);
  const tells = (consumer: string, lost: number) =>
    lost >= Math.max(LEAST_ENDED, LEAST_SHARE_ENDED * (living.get(consumer) ?? 0));
  const telling = [...ended].filter(([consumer, { sessions: lost }]) => tells(consumer, lost));
  const since = new Map(telling.map(([consumer, act]) => [consumer, act.since]));
  const fresh = countBy(
    sessions.filter((session) => {
      const first = since.get(consumerOf(session));
      return (
        first !== undefined && session.connectedMs !== null && session.connectedMs < at - first + SNAPSHOT_TO_ACT_MS
      );
    }),
    consumerOf,
  );
  const replaced = new Map(
    telling.map(([consumer, { sessions: lost }]) => [consumer, (fresh.get(consumer) ?? 0) / lost]),
  );
  // What comes one by one has not come back at once, however many they are in the end.
  const atOnceOf = (consumer: string): number =>
    Math.min(1, AT_ONCE_MS / Math.max(1, at - (since.get(consumer) ?? at)));
  const refillOf = (consumer: string): number => Math.min(1, replaced.get(consumer) ?? 0);
  const shareOf = (consumer: string): number =>
    isAtUsual(consumer) ? 0 : Math.min(1, (replaced.get(consumer) ?? 0) * atOnceOf(consumer));
  const measured = telling.filter(([consumer]) => !isAtUsual(consumer));
  const lost = sum(measured.map(([, { sessions: count }]) => count));
  const back = sum(measured.map(([consumer, { sessions: count }]) => count * shareOf(consumer)));
  const atOnce = measured.filter(([consumer]) => shareOf(consumer) >= RETURNS_AT_ONCE);
  return {
    ended: lost,
    back: Math.round(back),
    refilling: sum(atOnce.map(([consumer]) => living.get(consumer) ?? 0)),
    vainSince: lost > 0 && back >= RETURNS_AT_ONCE * lost ? Math.min(...measured.map(([, act]) => act.since)) : null,
    shareOf,
    refillOf,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
