import type { Policy } from '../policy/policy.ts';
import { protectionOf } from '../policy/protection.ts';
import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import { sessionKey, type Session } from '../server/session.ts';
import { leftAfter, leftOf, slotsNeeded } from './budget.ts';
import { NO_CHOICE } from './choice.ts';
import { planGroup } from './plan-group.ts';
import { bringsRelief, splitStages, type Stages } from './stages.ts';
import { readSoon } from './tiers/soon.ts';
import { isRefusedLately, type Plan, type PlanInput, type TierPlan } from './tier-plan.ts';
import { tierNamed } from './tiers/index.ts';
import { onlyObserves } from './tiers/mode-of-tier.ts';
import type { Spared } from './tiers/tier.ts';
import { chosenFrom } from './weighing.ts';

/**
 * Chooses victims: of all that the tiers propose, those with the least harm that reach the relief level within the
 * budgets. Gives each victim the reason to end it, and every other session the reason to spare it. Pure: the same input
 * gives the same plan. O(n log n) in sessions.
 */
export function planTiers(given: PlanInput): Plan {
  const input = { ...given, policy: policyAfterLocks(given) };
  const { snapshot, policy, history } = input;
  const protectedOnes: Spared[] = [];
  const open: Session[] = [];
  for (const session of snapshot.sessions) {
    const key = sessionKey(session.identity);
    const reason = history.signalled.has(key)
      ? 'already-signalled'
      : (protectionOf(session, policy) ??
        (isRefusedLately(history.refused.sessions.get(key), snapshot.at) ? 'refused-before' : null));
    if (reason) protectedOnes.push({ session, reason });
    else open.push(session);
  }
  const need = slotsNeeded(snapshot, policy);
  const stages = splitStages(open, need, input);
  const { plan, others } = planStages(stages, need, input);
  const spared = [...protectedOnes, ...stages.spared, ...others, ...plan.spared];
  return {
    need,
    tiers: plan.tiers,
    choice: plan.choice,
    // No time makes possible what no budget is left for.
    soon: isSpent(need, input) ? null : (readSoon(plan.spared, need, input) ?? stages.soon),
    spared,
  };
}

/** Sessions that have just come free of a lock are left so long before they count as idle. */
const FREED_SECONDS = 30;
/** So long after a root blocker has gone. */
const AFTER_LOCKS_MS = 60_000;

/** Those that waited for a lock were more than is usual because they waited: what they do now must show first. */
function policyAfterLocks({ policy, snapshot, history: { brokeLocksAt } }: PlanInput): Policy {
  if (brokeLocksAt === null || snapshot.at - brokeLocksAt > AFTER_LOCKS_MS) return policy;
  const { idleSeconds, suspectIdleSeconds } = policy.ages;
  const freed = Math.max(suspectIdleSeconds, Math.min(idleSeconds, FREED_SECONDS));
  return { ...policy, ages: { ...policy.ages, suspectIdleSeconds: freed } };
}

function isSpent(need: number, input: PlanInput): boolean {
  const { incident, hour } = leftOf(need, input);
  return Math.min(incident, hour) <= 0;
}

interface StagePlan extends Pick<Plan, 'tiers' | 'choice'> {
  /** Sessions in question that no tier ends. */
  readonly spared: readonly Spared[];
}

/** Suspects alone, unless they do not suffice and the plan with others brings relief. */
function planStages(
  { suspects, all, suffices }: Stages,
  need: number,
  input: PlanInput,
): { readonly plan: StagePlan; readonly others: readonly Spared[] } {
  if (suffices) return { plan: planOver(suspects, need, input), others: [] };
  const others = all.filter((session) => !input.departures.suspects.has(session));
  const whole = planOver(all, need, input);
  const acting = whole.tiers.filter(({ tier }) => !onlyObserves(tier, input));
  const victims = new Set(acting.flatMap((tier) => tier.victims.map(({ session }) => session)));
  const endsOthers = others.some((session) => victims.has(session));
  if (!endsOthers || bringsRelief(acting, need, input)) return { plan: whole, others: [] };
  return { plan: planOver(suspects, need, input), others: whyNotEnded(others, whole) };
}

/** Those that a plan without prospect would end, and those that it spares for their own reason. */
function whyNotEnded(others: readonly Session[], { spared }: StagePlan): Spared[] {
  const reasons = new Map(spared.map(({ session, reason }) => [session, reason]));
  return others.map((session) => ({ session, reason: reasons.get(session) ?? 'no-prospect' }));
}

/** What the tiers choose from these sessions. */
function planOver(sessions: readonly Session[], need: number, input: PlanInput): StagePlan {
  const clients = input.snapshot.sessions.filter((session) => session.kind === 'client');
  const full = leftOf(need, input);
  const planned: TierPlan[] = [];
  let staying = sessions;
  let choice = NO_CHOICE;
  for (const group of inGroups(input)) {
    const left = leftAfter(planned.filter(group.comesAfter), full);
    const { tiers, weighing } = planGroup(group.names, { ...input, clients, sessions: staying, left });
    planned.push(...tiers);
    if (group.isChoice) choice = chosenFrom(weighing);
    const acting = tiers.filter(({ tier }) => !onlyObserves(tier, input));
    const ends = new Set(acting.flatMap(({ victims }) => victims.map(({ session }) => session)));
    staying = staying.filter((session) => !ends.has(session));
  }
  const tiers = input.order.flatMap((name) => planned.filter(({ tier }) => tier === name));
  return { tiers, choice, spared: mergeSpared(staying, tiers) };
}

/** Tiers that are planned together. */
interface Group {
  readonly names: readonly TierName[];
  /** The acting tiers whose sessions are weighed against each other by harm. */
  readonly isChoice: boolean;
  /** Whether the group assumes that an earlier tier has done its part. */
  readonly comesAfter: (plan: TierPlan) => boolean;
}

/**
 * A tier that sets a limit is planned alone: first if it leads, as nothing else helps before the limit is active, and
 * otherwise last. A tier that only observes must not count as done where others act; its plan shows what it would do in
 * its place.
 */
function inGroups(input: PlanInput): Group[] {
  const { order } = input;
  const [first] = order;
  const acting = order.filter((name) => !onlyObserves(name, input));
  const isActed = ({ tier }: TierPlan) => acting.includes(tier);
  const limits = acting.filter(setsLimit).map((name) => ({ names: [name], isChoice: false, comesAfter: isActed }));
  const choice = { names: acting.filter((name) => !setsLimit(name)), isChoice: true, comesAfter: isActed };
  const observing = order.filter((name) => onlyObserves(name, input));
  return [
    ...(first !== undefined && setsLimit(first) ? [...limits, choice] : [choice, ...limits]),
    ...observing.map((name) => ({
      names: [name],
      isChoice: false,
      comesAfter: (plan: TierPlan) => isActed(plan) && order.indexOf(plan.tier) < order.indexOf(name),
    })),
  ];
}

function setsLimit(name: TierName): boolean {
  return tierNamed(name).setsLimit;
}

/** One reason for each session. That it blocks others says more than how long it has been idle or busy. */
function mergeSpared(sessions: readonly Session[], tiers: readonly TierPlan[]): Spared[] {
  const reasons = new Map<Session, SparedReason>();
  const breakLocksLast = [...tiers].sort((a, b) => Number(a.tier === 'break-locks') - Number(b.tier === 'break-locks'));
  for (const tier of breakLocksLast) for (const { session, reason } of tier.spared) reasons.set(session, reason);
  return sessions.map((session) => ({ session, reason: reasons.get(session) ?? 'no-tier' }));
}
