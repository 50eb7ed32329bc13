import type { Profile, Quarter } from '../../usual/profile.ts';

/** What is usual on a target, in quarters of an hour. Kept for two weeks. */
export interface Profiles {
  /**
   * Safe to repeat, and for several at once: a quarter that is on record stays, unless this one sums up more samples.
   */
  put(targetId: string, quarter: Quarter): Promise<void>;
  /** Those that begin then or later, oldest first. May lag behind by moments. */
  since(targetId: string, since: number): Promise<Profile>;
}
