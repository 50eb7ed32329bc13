import type { Mode, Policy } from '../../policy/policy.ts';
import type { TierName } from '../../policy/tier-names.ts';
import { tierNamed } from './index.ts';

/** Whether a tier only observes where others act. Where all observe, the plan shows what all would do. */
export function onlyObserves(
  name: TierName,
  input: { readonly policy: Policy; readonly mode: Mode; readonly order: readonly TierName[] },
): boolean {
  return modeOfTier(name, input) === 'observe' && input.order.some((each) => modeOfTier(each, input) !== 'observe');
}

/** A tier's mode: the policy's for it, else the target's. Where that is act, some tiers ask first all the same. */
export function modeOfTier(name: TierName, target: { readonly policy: Policy; readonly mode: Mode }): Mode {
  return target.policy.tiers[name] ?? (target.mode === 'act' && tierNamed(name).asksFirst ? 'approve' : target.mode);
}
