import type { StoredSample } from '../../sampler/stored-sample.ts';

/** What the sampler saw. Kept for some days. */
export interface Samples {
  put(targetId: string, sample: StoredSample): Promise<void>;
  /** Oldest first. Strongly consistent. */
  since(targetId: string, since: number): Promise<StoredSample[]>;
}
