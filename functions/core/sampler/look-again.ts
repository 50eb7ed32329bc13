import type { RefusalKind } from '../server/snapshot.ts';
import type { StoredSample } from './stored-sample.ts';

/** What a member shows that has left its cluster, or whose name another one has now. */
const LOST: ReadonlySet<RefusalKind> = new Set(['network', 'wrong-server']);

/**
 * Whether a sample shows what the control plane should be asked about at once: other slots than before, by which the
 * alarms must stand, or a member that is not where it was. `history`: the samples before it, oldest first. One that
 * was asked for in vain shows it again as long as older ones are among them; then comes the hour's own look.
 */
export function asksForLook(history: readonly StoredSample[], taken: StoredSample, isMember: boolean): boolean {
  if (taken.usable !== null)
    return history.some(({ usable }) => usable !== null) ? hasOtherSlots(history, taken) : true;
  const isLost = (sample: StoredSample | undefined) => sample?.refused != null && LOST.has(sample.refused);
  return isMember && isLost(taken) && !isLost(history.at(-1));
}

function hasOtherSlots(history: readonly StoredSample[], { usable }: StoredSample): boolean {
  return history.some((sample) => sample.usable !== null && sample.usable !== usable);
}
