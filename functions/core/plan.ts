import { chosenFrom, NO_CHOICE, type Choice } from './choice.ts';
import { countBy } from './count-by.ts';
import type { Harm } from './harm.ts';
import type { LockQueues } from './locks.ts';
import { budgetOf, planGroup, type Left } from './plan-group.ts';
import { modeOfTier, type Mode, type Policy } from './policy.ts';
import { protectionOf } from './protection.ts';
import type { Ended, Returns } from './returns.ts';
import { sessionKey, type Session } from './session.ts';
import { slotsTaken, type Sample, type Snapshot } from './snapshot.ts';
import type { SparedReason } from './spared.ts';
import type { TierName } from './tiers/names.ts';
import type { Candidate, CapRefusal, Spared, StandingLimit, UserCap } from './tiers/tier.ts';

/** What earlier acts on the target mean for this plan. */
export interface History {
  /** Sessions that count against the cap of this incident, those of users under a limit, and those of the last hour over all. */
  readonly countedIncident: number;
  readonly countedLimited: number;
  readonly countedHour: number;
  /** Keys of sessions that were signalled and still showed: rolling back, and not to be ended again. */
  readonly signalled: ReadonlySet<string>;
  /** What this incident has ended of each consumer, by its name. */
  readonly ended: ReadonlyMap<string, Ended>;
  /** Tiers whose last act gave next to no slots back: what they ended came back at once. */
  readonly futile: ReadonlySet<TierName>;
  /** Tiers to which a person has said no in this incident. */
  readonly denied: ReadonlySet<TierName>;
  /** When the first act of a futile tier began, by our own clock; null when none is futile. */
  readonly futileSince: number | null;
  /** What the look before found; null when there was none. An act knows less of what went before than the look that chose it. */
  readonly lastCause: string | null;
  /** Temporary limits of the target that are on record. */
  readonly caps: readonly StandingLimit[];
}

export const NO_HISTORY: History = {
  countedIncident: 0,
  countedLimited: 0,
  countedHour: 0,
  signalled: new Set(),
  ended: new Map(),
  futile: new Set(),
  denied: new Set(),
  futileSince: null,
  lastCause: null,
  caps: [],
};

/** A session that a tier would end. */
export interface Victim extends Candidate {
  readonly harm: Harm;
  /** Why only a person may throw its work away, which a tier in mode approve asks for; null for every other session. */
  readonly needsPerson: SparedReason | null;
}

export interface TierPlan {
  readonly tier: TierName;
  readonly mode: Mode;
  /** The limit it would set before it ends anybody; null for none. */
  readonly cap: UserCap | null;
  /** Why it must not set one that would help; null when there is nothing to say. */
  readonly refusal: CapRefusal | null;
  /** In the order they would end. */
  readonly victims: readonly Victim[];
  readonly spared: readonly Spared[];
}

/** Whether there is anything a tier would do. */
export function isPlanned({ cap, victims }: Pick<TierPlan, 'cap' | 'victims'>): boolean {
  return cap !== null || victims.length > 0;
}

/** What every tier would do, in the order they would go. Each tier's plan assumes that the others do their part. */
export interface Plan {
  /** Slots that must come free to reach the relief level. */
  readonly need: number;
  readonly tiers: readonly TierPlan[];
  /** Why these and not those. */
  readonly choice: Choice;
  /** Every session no tier ends, with the one reason that says most. */
  readonly spared: readonly Spared[];
}

export interface PlanInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly mode: Mode;
  readonly locks: LockQueues;
  readonly order: readonly TierName[];
  /** The tier that deals with the cause; null when none does. */
  readonly leads: TierName | null;
  readonly history: History;
  readonly returns: Returns;
  /** Usage is at the trigger, or ordinary clients are refused: tiers that lose work may act. */
  readonly pressing: boolean;
  /** See TierInput. */
  readonly stormWithinMs: number | null;
}

/** Slots over the relief level; 0 when there is nothing to do. */
export function slotsNeeded(sample: Pick<Sample, 'used' | 'ownSlots' | 'limits' | 'halfOpen'>, policy: Policy): number {
  const reliefSlots = Math.floor((policy.reliefPercent * sample.limits.usable) / 100);
  return Math.max(0, slotsTaken(sample) - reliefSlots);
}

/** A cap in sessions. Rounded up, so that a cap never stops a small server one slot short of its stated share. */
export function capSlots(percent: number, usable: number): number {
  return Math.ceil((percent * usable) / 100);
}

/**
 * Chooses victims: of all that the tiers propose, those with the least harm that reach the relief level, within the caps,
 * each with the reason it goes and every other session with the reason it stays. Pure: same input, same plan. O(n log n) in
 * sessions.
 */
export function planTiers(input: PlanInput): Plan {
  const { snapshot, policy, history } = input;
  const protectedOnes: Spared[] = [];
  const open: Session[] = [];
  for (const session of snapshot.sessions) {
    const reason = history.signalled.has(sessionKey(session.identity))
      ? 'already-signalled'
      : protectionOf(session, policy);
    if (reason) protectedOnes.push({ session, reason });
    else open.push(session);
  }
  const clients = snapshot.sessions.filter((session) => session.kind === 'client');
  const shared = { ...input, clients };
  const need = slotsNeeded(snapshot, policy);
  const full = leftOf(need, input);

  const planned: TierPlan[] = [];
  let staying: readonly Session[] = open;
  let choice = NO_CHOICE;
  for (const group of inGroups(input)) {
    const left = leftAfter(planned.filter(group.comesAfter), full);
    const { tiers, weighing } = planGroup(group.names, { ...shared, sessions: staying, left });
    planned.push(...tiers);
    if (group.isChoice) choice = chosenFrom(weighing);
    const acting = tiers.filter(({ tier }) => !isLookingOn(tier, input));
    const ends = new Set(acting.flatMap(({ victims }) => victims.map(({ session }) => session)));
    staying = staying.filter((session) => !ends.has(session));
  }
  const tiers = input.order.flatMap((name) => planned.filter(({ tier }) => tier === name));
  return { need, tiers, choice, spared: [...protectedOnes, ...mergeSpared(staying, tiers)] };
}

/** Tiers that are planned together. */
interface Group {
  readonly names: readonly TierName[];
  /** Those among which there is a choice: all that act and end sessions for the harm it does. */
  readonly isChoice: boolean;
  /** Whether an earlier tier's part counts as done. */
  readonly comesAfter: (plan: TierPlan) => boolean;
}

/**
 * cap-consumer goes first where it leads, as nothing else helps before a limit stands, and last where it does not. A tier that
 * only looks on must not count as done where others act, and shows what it would do in its place.
 */
function inGroups(input: PlanInput): Group[] {
  const { order } = input;
  const acting = order.filter((name) => !isLookingOn(name, input));
  const together = acting.filter((name) => name !== 'cap-consumer');
  const isActed = ({ tier }: TierPlan) => acting.includes(tier);
  const choice: Group = { names: together, isChoice: true, comesAfter: isActed };
  const limit: Group[] = acting.includes('cap-consumer')
    ? [{ names: ['cap-consumer'], isChoice: false, comesAfter: isActed }]
    : [];
  const lookingOn = order.filter((name) => isLookingOn(name, input));
  return [
    ...(order[0] === 'cap-consumer' ? [...limit, choice] : [choice, ...limit]),
    ...lookingOn.map((name) => ({
      names: [name],
      isChoice: false,
      comesAfter: (plan: TierPlan) => isActed(plan) && order.indexOf(plan.tier) < order.indexOf(name),
    })),
  ];
}

function isLookingOn(name: TierName, input: PlanInput): boolean {
  return modeOfTier(name, input) === 'observe' && input.order.some((each) => modeOfTier(each, input) !== 'observe');
}

function leftOf(need: number, { snapshot, policy, history }: PlanInput): Left {
  const { usable } = snapshot.limits;
  return {
    need,
    incident: capSlots(policy.caps.perIncidentPercent, usable) - history.countedIncident,
    limited: capSlots(policy.consumerCap.perIncidentPercent, usable) - history.countedLimited,
    hour: capSlots(policy.caps.perHourPercent, usable) - history.countedHour,
    tier: capSlots(policy.caps.perTierPercent, usable),
  };
}

function leftAfter(done: readonly TierPlan[], full: Left): Left {
  const left = { ...full };
  for (const { tier, victims } of done) {
    left[budgetOf(tier)] -= victims.length;
    left.hour -= victims.length;
    left.need -= victims.reduce((sum, { frees }) => sum + frees, 0);
  }
  return left;
}

/** One reason a session. That it holds others up says more about it than how long it has been idle or busy. */
function mergeSpared(sessions: readonly Session[], tiers: readonly TierPlan[]): Spared[] {
  const reasons = new Map<Session, SparedReason>();
  const breakLocksLast = [...tiers].sort((a, b) => Number(a.tier === 'break-locks') - Number(b.tier === 'break-locks'));
  for (const tier of breakLocksLast) for (const { session, reason } of tier.spared) reasons.set(session, reason);
  return sessions.map((session) => ({ session, reason: reasons.get(session) ?? 'no-tier' }));
}

/** How many sessions each reason spares. */
export function countSpared(spared: readonly Spared[]): Record<string, number> {
  return Object.fromEntries(countBy(spared, ({ reason }) => reason));
}
