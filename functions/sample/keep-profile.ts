import type { IncidentStore } from '../core/ports/incident-store.ts';
import { QUARTER_MS, quarterOf } from '../core/usual/profile.ts';
import { rollUp } from '../core/usual/roll-up.ts';

export interface ProfileDependencies {
  readonly store: Pick<IncidentStore, 'samples' | 'profiles'>;
  readonly now: () => number;
}

/** After a gap of the sampler or the store, so much of the past is made up for. Samples are kept for longer. */
const CATCH_UP_MS = 3 * 3_600_000;

/**
 * Sums up each quarter of an hour that has ended and is not on record yet. Several samplers may do so at once: from the
 * same samples they make the same quarters. One that nothing can be learned from stays off the record, and is looked at
 * again until it is too old.
 */
export async function keepProfile(targetId: string, { store, now }: ProfileDependencies): Promise<void> {
  const present = quarterOf(now());
  const from = present - CATCH_UP_MS;
  const known = new Set((await store.profiles.since(targetId, from)).map(({ at }) => at));
  const count = CATCH_UP_MS / QUARTER_MS;
  const missing = Array.from({ length: count }, (_, index) => from + index * QUARTER_MS).filter((at) => !known.has(at));
  const [oldest] = missing;
  if (oldest === undefined) return;
  const samples = await store.samples.since(targetId, oldest);
  for (const at of missing) {
    const quarter = rollUp(samples, at);
    if (quarter !== null) await store.profiles.put(targetId, quarter);
  }
}
