import fc from 'fast-check';
import type { Pause, PauseScope } from '../../functions/core/policy/pause.ts';
import { TIER_NAMES } from '../../functions/core/policy/tier-names.ts';

/** Everything, paused until resumed, changed by what the test says. */
export function aPause(changed: Partial<Pause> = {}): Pause {
  return { targetId: null, tier: null, by: 'ann', why: 'maintenance', at: 0, until: null, ...changed };
}

/** Scopes over the named targets, each kind as likely as the others. */
export function scopesOver(targets: readonly string[]): fc.Arbitrary<PauseScope> {
  return fc.record({
    targetId: fc.oneof(fc.constant(null), fc.constantFrom(...targets)),
    tier: fc.oneof(fc.constant(null), fc.constantFrom(...TIER_NAMES)),
  });
}
