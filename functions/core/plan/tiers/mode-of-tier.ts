import type { Mode, Policy } from '../../policy/policy.ts';
import type { TierName } from '../../policy/tier-names.ts';
import { tierNamed } from './index.ts';

/** A tier's mode: the policy's for it, else the target's. Where that is act, some tiers ask first all the same. */
export function modeOfTier(name: TierName, target: { readonly policy: Policy; readonly mode: Mode }): Mode {
  return target.policy.tiers[name] ?? (target.mode === 'act' && tierNamed(name).asksFirst ? 'approve' : target.mode);
}
