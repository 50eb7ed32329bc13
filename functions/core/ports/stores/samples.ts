import type { StoredSample } from '../../sampler/stored-sample.ts';

/** What the sampler saw. Kept for some days. */
export interface Samples {
  /** Consumers that do not fit are summed with the rest. */
  put(targetId: string, sample: StoredSample): Promise<void>;
  /** Oldest first. Strongly consistent. */
  since(targetId: string, since: number): Promise<StoredSample[]>;
}
