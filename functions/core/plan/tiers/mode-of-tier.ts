import type { Mode, Policy } from '../../policy/policy.ts';
import type { TierName } from '../../policy/tier-names.ts';
import { tierNamed } from './index.ts';

/** The mode of a tier: its own where the policy names one, else that of the target, which some tiers ask about first. */
export function modeOfTier(name: TierName, target: { readonly policy: Policy; readonly mode: Mode }): Mode {
  return target.policy.tiers[name] ?? (target.mode === 'act' && tierNamed(name).asksFirst ? 'approve' : target.mode);
}
