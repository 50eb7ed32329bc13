import type { StoredSample } from '../sampler/stored-sample.ts';
import type { Session } from '../server/session.ts';
import { usualFromArrivals } from './arrivals.ts';
import { readClimb, type UsagePoint } from './climb.ts';
import type { Profile } from './profile.ts';
import { NO_USUAL, usualFrom, type Usual, type UsualSample } from './usual.ts';

/** What is known of the time before a snapshot. */
export interface Before {
  readonly profile: Profile;
  /** Oldest first. */
  readonly samples: readonly (UsualSample & Pick<StoredSample, 'used' | 'usage' | 'isFull' | 'isUnusual'>)[];
}

/** A moment to judge. */
export interface Moment extends UsagePoint {
  /** Slots over the relief level. */
  readonly need: number;
  readonly triggerPercent: number;
  /** Without Headroom's own. */
  readonly clients: readonly Session[];
}

/**
 * What is usual on the target, from the best that there is: its profile, else the samples before the climb, else the
 * order in which the sessions of the snapshot came.
 */
export function findUsual({ profile, samples }: Before, { at, used, need, triggerPercent, clients }: Moment): Usual {
  const past = samples.flatMap((sample) =>
    sample.used === null || sample.at >= at ? [] : [{ at: sample.at, used: sample.used }],
  );
  const [first, ...later] = [...past, { at, used }];
  const climb = readClimb([first ?? { at, used }, ...later]);
  // Where usage has not climbed while it was watched, all of that time tells what is usual.
  const climbAt = climb.gained * 10 < Math.max(1, used) ? at : climb.begins + 1;
  // A server that is full is no example of what is usual, whether or not an incident is open; nor is one in a pause.
  const calm = samples.filter(({ isFull, isUnusual, usage }) => !isFull && !isUnusual && (usage ?? 0) < triggerPercent);
  const known = usualFrom(profile, calm, { at, climbAt });
  if (known !== null) return known;
  return need > 0 ? usualFromArrivals(clients, need) : NO_USUAL;
}
