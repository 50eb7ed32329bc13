import { isUnheld } from '../server/consumer-count.ts';
import type { StoredSample } from './stored-sample.ts';

/** Connections of a server by the metric of RDS, which nothing wakes it for; `at` is the start of a minute. */
type Connections = readonly { readonly at: number; readonly used: number }[];

/**
 * Since when nobody but Headroom itself has been connected, as far as samples show it, oldest first; null when somebody
 * was, or when the newest does not show it. Epoch milliseconds.
 */
export function aloneSince(history: readonly StoredSample[]): number | null {
  const newest = history.at(-1);
  if (newest === undefined) return null;
  if (newest.result === 'resting') return newest.restingSince ?? null;
  return newest.result === 'seen' && newest.consumers !== null && isUnheld(newest.consumers) ? newest.at : null;
}

/**
 * Whether a server that pauses without connections is to be left alone: in no minute that began since then has RDS
 * counted one. The minute itself counts Headroom's own. A minute that the metric does not have yet shows none: the
 * metric is late, and so is what it wakes Headroom for.
 */
export function isAtRest(since: number, connections: Connections): boolean {
  return !connections.some(({ at, used }) => at > since && used > 0);
}
