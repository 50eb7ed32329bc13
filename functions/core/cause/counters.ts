import type { StoredSample } from '../sampler/stored-sample.ts';
import type { Activity, Snapshot } from '../server/snapshot.ts';

type Counter = 'sessionsOpened' | 'loginsRefused';

interface Count {
  readonly at: number;
  readonly count: number;
}

/** The time over which we measure how fast clients reconnect; less where the policy's idle times are short. */
const RECENT_MS = 180_000;

/**
 * Which share of the sessions opened since a time have not stayed; null where the server does not count them. `stayed`:
 * how many have, or would have if they had not been ended.
 */
export function turnoverSince(
  since: number,
  stayed: number,
  samples: readonly StoredSample[],
  snapshot: Snapshot,
): number | null {
  const [now, ...earlier] = countsBefore('sessionsOpened', samples, snapshot);
  const before = earlier.find(({ at }) => at <= since);
  if (now === undefined || before === undefined || now.count <= before.count) return null;
  const opened = now.count - before.count;
  return Math.max(0, (opened - Math.max(0, stayed)) / opened);
}

/**
 * By how much a counter of the server grew per minute, over `recentMs` if there are counts of then; null where it has
 * none, or has set it back since.
 */
export function perMinute(
  counter: Counter,
  samples: readonly StoredSample[],
  snapshot: Snapshot,
  recentMs: number,
): number | null {
  const [now, ...earlier] = countsBefore(counter, samples, snapshot);
  if (now === undefined) return null;
  const counted = earlier.filter(({ at }) => at < now.at && now.at - at <= RECENT_MS);
  // Where there are few samples, we look back further, or less far.
  const before = counted.find(({ at }) => now.at - at >= Math.min(RECENT_MS, recentMs)) ?? counted.at(-1);
  return before === undefined ? null : ((now.count - before.count) * 60_000) / (now.at - before.at);
}

/**
 * The counts that can be compared with the present one, latest first, and the present one before them. A counter that
 * goes back was set back, and so was one that counts from another time on, whatever it shows: a reset may let a
 * difference of two counters jump up.
 */
function countsBefore(counter: Counter, samples: readonly StoredSample[], { at, activity }: Snapshot): Count[] {
  const present = activity[counter];
  if (present === null) return [];
  const counts: Count[] = [{ at, count: present }];
  let lowest = present;
  for (const sample of samples.toReversed()) {
    const count = sample.activity?.[counter];
    if (sample.activity === null || count == null) continue;
    if (count > lowest || !isSameCounting(sample.activity, activity)) break;
    lowest = count;
    counts.push({ at: sample.at, count });
  }
  return counts;
}

/** Nothing tells where one of the two is of an earlier version. */
function isSameCounting({ countedSince: one }: Activity, { countedSince: other }: Activity): boolean {
  return one === undefined || other === undefined || one === other;
}
