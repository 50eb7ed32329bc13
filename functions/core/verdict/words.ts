import { adviseOn } from '../cause/advice.ts';
import { DENIED } from '../plan/plan-group.ts';
import { describeLimitPlan } from '../plan/plan-summary.ts';
import { isPlanned, type Plan, type TierPlan } from '../plan/tier-plan.ts';
import type { Soon } from '../plan/tiers/soon.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import type { Policy } from '../policy/policy.ts';
import { describePause, pauseOn, type Pause } from '../policy/pause.ts';
import { SPARED, type SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import { limitStatement } from '../server/limit-statement.ts';
import { count } from '../words/count.ts';
import { countBy } from '../words/count-by.ts';
import { mostFirst } from '../words/lists.ts';
import { named, printable } from '../words/printable.ts';
import type { Diagnosis } from './diagnosis.ts';
import { endByHand } from './end-by-hand.ts';
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

/** The minimum of the pools is the policy's own: whoever set it can lower it. */
function adviseOnMinimum(plan: Plan, { minimumPerPool }: Policy): string[] {
  const { spared, need } = plan;
  const kept = spared.filter(({ reason }) => reason === 'pool-minimum').length;
  // With a budget used up, a lower minimum frees nothing.
  if (kept === 0 || need === 0 || reachedBudgets(plan).length > 0) return [];
  return [
    `policy.minimumPerPool (${minimumPerPool}) keeps ${count(kept, 'idle session')} that could be ended; ` +
      `${count(need, 'slot')} must come free: lower it if pools can do with less`,
  ];
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
export function nothingLeft({ plan, facts, departures }: Diagnosis, usage: string): string {
  const reasons = new Set(plan.spared.map(({ reason }) => reason));
  if (reasons.has('denied') || plan.tiers.some(({ refusal }) => refusal === DENIED))
    return `usage is ${usage}, and a person has said no to what would have helped`;
  if (reasons.has('refills-at-once'))
    return `usage is ${usage} and ending more does not help now: ended sessions come back at once`;
  if (reasons.has('holdings-unknown'))
    return `usage is ${usage}, and what sessions hold could not be read, so none of them was ended`;
  if (reasons.has('refused-before')) return `usage is ${usage}, and the server has refused to end what would help`;
  const spent = reachedBudgets(plan);
  if (spent.length > 0) return `usage is ${usage} and the budgets are used up (${spent.join(', ')})`;
  const [holder] = departures.consumers;
  const holds = holder === undefined ? '' : `; ${named(holder.name, 40)} holds ${holder.now.all} of ${facts.usable}`;
  return `still ${usage} full, nothing safe to end${holds}${whySpared(plan)}`;
}

/** Most reasons that are named. */
const MOST_REASONS = 2;

/** Why most of the sessions were spared. */
function whySpared({ spared }: Plan): string {
  const most = mostFirst(countBy(spared, ({ reason }) => reason)).slice(0, MOST_REASONS);
  if (most.length === 0) return '';
  return `; spared: ${most.map(([reason, sessions]) => `${sessions} (${SPARED[reason]})`).join(', ')}`;
}

export function reachedBudgets({ spared }: Plan): SparedReason[] {
  const reasons = new Set(spared.map(({ reason }) => reason));
  return (['cap-tier', 'cap-incident', 'cap-hour'] as const).filter((budget) => reasons.has(budget));
}

export function adviceFor(diagnosis: Diagnosis, { limited, pauses, incident }: Situation): string[] {
  const { cause, facts, plan } = diagnosis;
  const { target } = incident;
  const skipped = plan.tiers.filter((tier) => tier.mode === 'observe' && isPlanned(tier));
  return [
    ...endByHand(diagnosis, target),
    ...limited.map(({ user, account, limit }) => {
      const again = printable(limitStatement(target.engine, account, limit), 300);
      return (
        `the temporary limit of ${limit} on ${named(user, 63)} is lifted when this incident closes; ` +
        `to set it again: ${again}`
      );
    }),
    ...plan.tiers.flatMap(({ refusal }) => (refusal === null ? [] : [refusal.why, ...refusal.fix])),
    ...adviseOnMinimum(plan, target.policy),
    ...adviseOn(cause.name, facts, target),
    ...skipped.map((each) => {
      const { tier } = each;
      return `${tier} is ${reasonToSkip(tier, pauses)}; it would ${describeWish(each)}: ${tierNamed(tier).consequence}`;
    }),
  ];
}
