import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { StoredSample } from '../core/sampler/stored-sample.ts';
import { PROFILE_MS, type Profile } from '../core/usual/profile.ts';
import { inTimeOr } from './in-time.ts';

export interface BeforeDependencies {
  readonly store: Pick<IncidentStore, 'profiles' | 'samples'>;
  readonly now: () => number;
}

/** How far back the evidence of what led to an incident goes. */
export const EVIDENCE_MS = 2 * 3_600_000;

/** What is on record of the time before: what was usual, and how usage grew. Without it, less is sure. */
export async function readBefore(
  targetId: string,
  { store, now }: BeforeDependencies,
): Promise<{ readonly samples: StoredSample[]; readonly profile: Profile }> {
  const [samples, profile] = await Promise.all([
    inTimeOr([], store.samples.since(targetId, now() - EVIDENCE_MS)),
    inTimeOr([], store.profiles.since(targetId, now() - PROFILE_MS)),
  ]);
  return { samples, profile };
}
