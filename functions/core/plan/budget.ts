import { budgetSlots } from '../policy/bounds.ts';
import type { Policy } from '../policy/policy.ts';
import { slotsTaken, type Sample } from '../server/snapshot.ts';
import type { PlanInput, TierPlan } from './tier-plan.ts';
import { tierNamed } from './tiers/index.ts';

/** Slots over the relief level; 0 when there is nothing to do. */
export function slotsNeeded(
  sample: Pick<Sample, 'used' | 'ownSlots' | 'limits' | 'halfOpen'>,
  policy: Pick<Policy, 'reliefPercent'>,
): number {
  const reliefSlots = Math.floor((policy.reliefPercent * sample.limits.usable) / 100);
  return Math.max(0, slotsTaken(sample) - reliefSlots);
}

export function leftOf(need: number, { snapshot, policy, history }: PlanInput): Left {
  const { usable } = snapshot.limits;
  return {
    need,
    incident: budgetSlots(policy.caps.perIncidentPercent, usable) - history.countedIncident,
    limited: budgetSlots(policy.consumerCap.perIncidentPercent, usable) - history.countedLimited,
    hour: budgetSlots(policy.caps.perHourPercent, usable) - history.countedHour,
    tier: budgetSlots(policy.caps.perTierPercent, usable),
  };
}

export function leftAfter(done: readonly TierPlan[], full: Left): Left {
  const left = { ...full };
  for (const { tier, victims } of done) {
    left[tierNamed(tier).budget] -= victims.length;
    left.hour -= victims.length;
    left.need -= victims.reduce((sum, { frees }) => sum + frees, 0);
  }
  return left;
}

/** What is left to do, and of the budgets. */
export interface Left {
  /** Slots that must still come free. */
  need: number;
  /** How many sessions may still end: in the incident, of limited users, within the hour, by one tier. */
  incident: number;
  limited: number;
  hour: number;
  readonly tier: number;
}
