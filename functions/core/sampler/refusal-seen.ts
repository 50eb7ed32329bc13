import type { StoredSample } from './stored-sample.ts';

/** When clients were seen refused for lack of a slot, epoch milliseconds. */
export interface RefusalSeen {
  /** The first time. */
  readonly from: number;
  /** When an ordinary client was first seen to get in after the last time; null while none was. */
  readonly until: number | null;
}

/** Samples that saw a refusal, further apart than this, belong to different troubles. */
const GAP_MS = 5 * 60_000;

/** What one look adds: whether it saw a refusal, and whether an ordinary client got in at its end. */
export interface Looked {
  readonly at: number;
  readonly isRefused: boolean;
  readonly isAdmitted: boolean;
}

/**
 * What is known after one more look. Samples before it, oldest first, say since when. Null: nobody was seen refused, so
 * nobody can be told that requests failed.
 */
export function readRefusal(
  before: RefusalSeen | null,
  samples: readonly StoredSample[],
  { at, isRefused, isAdmitted }: Looked,
): RefusalSeen | null {
  const since = firstRefused(samples, at);
  const from = before?.from ?? since ?? (isRefused ? at : null);
  if (from === null) return null;
  const until = isRefused ? null : (before?.until ?? null);
  return { from, until: isAdmitted ? (until ?? at) : until };
}

/** The first of the samples that saw a refusal and lead up to now without a long gap. */
function firstRefused(samples: readonly StoredSample[], now: number): number | null {
  let first: number | null = null;
  for (const { at, isFull } of samples.toReversed()) {
    if (!isFull || at > now) continue;
    if ((first ?? now) - at > GAP_MS) break;
    first = at;
  }
  return first;
}
