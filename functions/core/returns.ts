import { countBy } from './count-by.ts';
import { consumerOf, type Session } from './session.ts';

/** What an incident has ended of one consumer. */
export interface Ended {
  readonly sessions: number;
  /** When the first of its acts began, epoch milliseconds by our own clock. */
  readonly since: number;
}

/** Fewer than this say nothing: ordinary comings and goings outweigh them. */
const LEAST_ENDED = 3;
/** Between the look of an act and its beginning: MySQL and MariaDB know only that a session came after the look before. */
export const LOOK_MS = 2_000;

/**
 * Measures who comes back: the share, 0 to 1, of a consumer's ended sessions in whose place it has opened others since. `at`:
 * when the sessions were seen, by our own clock. 0 for a consumer that has lost nothing, or too little to tell.
 */
export function readReturns(
  sessions: readonly Session[],
  at: number,
  ended: ReadonlyMap<string, Ended>,
): (consumer: string) => number {
  const fresh = countBy(
    sessions.filter((session) => {
      const since = ended.get(consumerOf(session))?.since;
      return since !== undefined && session.connectedMs !== null && session.connectedMs < at - since + LOOK_MS;
    }),
    consumerOf,
  );
  return (consumer) => {
    const lost = ended.get(consumer)?.sessions ?? 0;
    return lost < LEAST_ENDED ? 0 : Math.min(1, (fresh.get(consumer) ?? 0) / lost);
  };
}
