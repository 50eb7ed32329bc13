import type { Policy } from '../policy/policy.ts';

/** How many samples a call takes to take those of a minute. */
export function samplesPerMinute({ everySeconds }: Pick<Policy['sampling'], 'everySeconds'>): number {
  return Math.max(1, Math.floor(60 / everySeconds));
}
