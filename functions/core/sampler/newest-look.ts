import { sizeOf } from '../server/consumer-count.ts';
import { mostHeld } from './most-held.ts';
import type { StoredSample } from './stored-sample.ts';

/** Who holds many slots, and how many it held at most before the climb; null where that is not known. */
interface Holder {
  readonly name: string;
  readonly now: number;
  readonly before: number | null;
}

/** What the newest sample shows of a server, for people. */
export interface NewestLook {
  /** Epoch milliseconds. */
  readonly at: number;
  /** A login was refused for lack of a slot. */
  readonly isRefused: boolean;
  readonly usage: number;
  readonly used: number | null;
  readonly usable: number | null;
  /** Two: those that grew most since before the climb, then the largest. */
  readonly holders: readonly Holder[];
}

/** Longer ago says nothing about now. */
const PRESENT_MS = 5 * 60_000;
/** How much of the past a look compares with. */
export const LOOK_BACK_MS = 60 * 60_000;
const MOST_HOLDERS = 2;

/**
 * By samples, oldest first; null when none of the last five minutes saw the server. What somebody held before is the
 * most that any sample of the hour saw while usage was under the trigger.
 */
export function newestLook(
  samples: readonly StoredSample[],
  { now, triggerPercent }: { readonly now: number; readonly triggerPercent: number },
): NewestLook | null {
  const newest = samples.findLast(({ usage }) => usage !== null);
  if (newest === undefined || newest.usage === null || now - newest.at > PRESENT_MS) return null;
  // A login that is refused sees nobody: the sample before it does.
  const seen = samples.findLast(({ consumers }) => consumers !== null)?.consumers ?? null;
  const calm = samples.filter(
    ({ at, usage, isFull, consumers }) =>
      consumers !== null && !isFull && (usage ?? 100) < triggerPercent && now - at <= LOOK_BACK_MS,
  );
  const most = mostHeld(calm);
  const holders = (seen?.largest ?? []).map((count) => ({
    name: count.name,
    now: sizeOf(count),
    before: calm.length === 0 ? null : (most.get(count.name) ?? 0),
  }));
  holders.sort((a, b) => growthOf(b) - growthOf(a) || b.now - a.now);
  const { at, isFull, usage, used, usable } = newest;
  return { at, isRefused: isFull, usage, used, usable, holders: holders.slice(0, MOST_HOLDERS) };
}

function growthOf({ now, before }: Holder): number {
  return before === null ? 0 : Math.max(0, now - before);
}
