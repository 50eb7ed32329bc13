import { adviseOn } from '../cause/advice.ts';
import { causeWords } from '../cause/find-cause.ts';
import { DENIED } from '../plan/plan-group.ts';
import { describeLimitPlan } from '../plan/plan-summary.ts';
import { isPlanned, type Plan, type TierPlan } from '../plan/tier-plan.ts';
import type { Soon } from '../plan/tiers/soon.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import { describePause, pauseOn, type Pause } from '../policy/pause.ts';
import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import { limitStatement } from '../server/limit-statement.ts';
import { count } from '../words/count.ts';
import { named, printable } from '../words/printable.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Situation } from './situation.ts';

/** Why each of these tiers, all in mode observe, does not act. */
export function describeSkipped(tiers: readonly TierPlan[], pauses: readonly Pause[]): string {
  return tiers.map(({ tier }) => `${tier} is ${reasonToSkip(tier, pauses)}`).join(', ');
}

function reasonToSkip(tier: TierName, pauses: readonly Pause[]): string {
  const pause = pauseOn(tier, pauses);
  return pause === null ? 'in observe mode' : describePause(pause);
}

export function describeTier(tier: TierPlan): string {
  const ends = `ends ${count(tier.victims.length, 'session')}`;
  return `${tier.tier} ${tier.limit === null ? ends : `limits ${describeLimitPlan(tier.limit)} and ${ends}`}`;
}

/** What a tier would do, to follow the word "would". */
export function describeWish({ limit, victims }: TierPlan): string {
  return `${limit === null ? '' : `limit ${describeLimitPlan(limit)} and `}end ${count(victims.length, 'session')}`;
}

export function describePlan(tiers: readonly TierPlan[]): string {
  const planned = tiers.filter(isPlanned);
  if (planned.length === 0) return 'no tier would end anything';
  return `would act: ${planned.map(describeTier).join(', ')}`;
}

/** What time alone will make possible. */
export function describeSoon({ tier, sessions, inMs }: Soon): string {
  return `${tier} may end ${count(sessions, 'session')} in ${Math.max(1, Math.ceil(inMs / 1000))} s`;
}

/** Why a plan leaves usage over the relief level. */
export function whyNoMore(plan: Plan): string {
  const spent = reachedBudgets(plan);
  return spent.length > 0
    ? `the budgets are used up (${spent.join(', ')}), so ${count(plan.need, 'slot')} over the relief level stay taken`
    : `nothing more may be ended to free the last ${count(plan.need, 'slot')} over the relief level`;
}

/** Why no tier may do anything. `usage`: in words. */
export function nothingLeft({ plan, cause, pressing }: Diagnosis, usage: string): string {
  if (!pressing)
    return `usage is ${usage}: clients get in again, but it is over the relief level, and ending more would lose work`;
  const reasons = new Set(plan.spared.map(({ reason }) => reason));
  if (reasons.has('denied') || plan.tiers.some(({ refusal }) => refusal === DENIED))
    return `usage is ${usage}, and a person has said no to what would have helped`;
  if (reasons.has('refills-at-once'))
    return `usage is ${usage} and ending more does not help: ended sessions come back at once`;
  if (reasons.has('holdings-unknown'))
    return `usage is ${usage}, and what sessions hold could not be read, so none of them was ended`;
  if (reasons.has('refused-before')) return `usage is ${usage}, and the server has refused to end what would help`;
  const spent = reachedBudgets(plan);
  if (spent.length > 0) return `usage is ${usage} and the budgets are used up (${spent.join(', ')})`;
  return `usage is ${usage} and no tier may end anything more: ${causeWords(cause.name)}`;
}

export function reachedBudgets({ spared }: Plan): SparedReason[] {
  const reasons = new Set(spared.map(({ reason }) => reason));
  return (['cap-tier', 'cap-incident', 'cap-hour'] as const).filter((budget) => reasons.has(budget));
}

export function adviceFor({ cause, facts, plan }: Diagnosis, { limited, pauses, incident }: Situation): string[] {
  const { target } = incident;
  const skipped = plan.tiers.filter((tier) => tier.mode === 'observe' && isPlanned(tier));
  return [
    ...limited.map(({ user, account, limit }) => {
      const again = printable(limitStatement(target.engine, account, limit), 300);
      return (
        `the temporary limit of ${limit} on ${named(user, 63)} is lifted when this incident closes; ` +
        `to set it again: ${again}`
      );
    }),
    ...plan.tiers.flatMap(({ refusal }) => (refusal === null ? [] : [refusal.why, ...refusal.fix])),
    ...adviseOn(cause.name, facts, target),
    ...skipped.map((each) => {
      const { tier } = each;
      return `${tier} is ${reasonToSkip(tier, pauses)}; it would ${describeWish(each)}: ${tierNamed(tier).consequence}`;
    }),
  ];
}
