import { sizeOf } from '../server/consumer-count.ts';
import type { StoredSample } from './stored-sample.ts';

/** The most that each consumer held in any of the samples that name consumers. */
export function mostHeld(samples: readonly Pick<StoredSample, 'consumers'>[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { consumers } of samples) {
    for (const consumer of consumers?.largest ?? []) {
      most.set(consumer.name, Math.max(most.get(consumer.name) ?? 0, sizeOf(consumer)));
    }
  }
  return most;
}
