import { countBy } from './count-by.ts';
import type { CapRecord } from './incident.ts';
import type { LockQueues } from './locks.ts';
import { modeOfTier, type Mode, type Policy } from './policy.ts';
import { protectionOf, reservedForPerson } from './protection.ts';
import { sessionKey, type Session } from './session.ts';
import { slotsTaken, type Sample, type Snapshot } from './snapshot.ts';
import type { SparedReason } from './spared.ts';
import { tierNamed } from './tiers/index.ts';
import type { TierName } from './tiers/names.ts';
import type { Candidate, CapRefusal, Spared, UserCap } from './tiers/tier.ts';

/** What earlier acts on the target mean for this plan. */
export interface History {
  /** Sessions that count against the cap of this incident, those of users under a limit, and those of the last hour over all. */
  readonly countedIncident: number;
  readonly countedLimited: number;
  readonly countedHour: number;
  /** Keys of sessions that were signalled and still showed: rolling back, and not to be ended again. */
  readonly signalled: ReadonlySet<string>;
  /** Tiers whose last act gave next to no slots back: what they ended came back at once. */
  readonly futile: ReadonlySet<TierName>;
  /** Tiers to which a person has said no in this incident. */
  readonly denied: ReadonlySet<TierName>;
  /** When the first act of a futile tier began, by our own clock; null when none is futile. */
  readonly futileSince: number | null;
  /** What the look before found; null when there was none. An act knows less of what went before than the look that chose it. */
  readonly lastCause: string | null;
  /** Temporary limits of the target that are on record. */
  readonly caps: readonly CapRecord[];
}

export const NO_HISTORY: History = {
  countedIncident: 0,
  countedLimited: 0,
  countedHour: 0,
  signalled: new Set(),
  futile: new Set(),
  denied: new Set(),
  futileSince: null,
  lastCause: null,
  caps: [],
};

/** A session that a tier would end. */
export interface Victim extends Candidate {
  /** Why only a person may throw its work away, which a tier in mode approve asks for; null for every other session. */
  readonly needsPerson: SparedReason | null;
}

/** A person is asked about each of these by name: more of them in one question nobody reads. */
export const MOST_FOR_PERSON = 20;

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

/** What every tier would do, in the order they would go. Each tier's plan assumes that those before it did their part. */
export interface Plan {
  /** Slots that must come free to reach the relief level. */
  readonly need: number;
  readonly tiers: readonly TierPlan[];
  /** Every session no tier ends, with the one reason that says most. */
  readonly spared: readonly Spared[];
}

export interface PlanInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly mode: Mode;
  readonly locks: LockQueues;
  readonly order: readonly TierName[];
  readonly history: History;
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
 * Chooses victims, tier by tier: the fewest that reach the relief level, within the caps, each with the reason it goes and
 * every other session with the reason it stays. Pure: same input, same plan. O(n log n) in sessions.
 */
export function planTiers(input: PlanInput): Plan {
  const { snapshot, policy, history } = input;
  const usable = snapshot.limits.usable;
  const clients = snapshot.sessions.filter((session) => session.kind === 'client');
  const protectedOnes: Spared[] = [];
  let open: Session[] = [];
  for (const session of snapshot.sessions) {
    const reason = history.signalled.has(sessionKey(session.identity))
      ? 'already-signalled'
      : protectionOf(session, policy);
    if (reason) protectedOnes.push({ session, reason });
    else open.push(session);
  }

  const need = slotsNeeded(snapshot, policy);
  const left = {
    need,
    incident: capSlots(policy.caps.perIncidentPercent, usable) - history.countedIncident,
    limited: capSlots(policy.consumerCap.perIncidentPercent, usable) - history.countedLimited,
    hour: capSlots(policy.caps.perHourPercent, usable) - history.countedHour,
  };
  const someAct = input.order.some((name) => modeOfTier(name, input) !== 'observe');
  const perTier = capSlots(policy.caps.perTierPercent, usable);
  const tiers: TierPlan[] = [];
  for (const name of input.order) {
    const tier = tierNamed(name);
    const mode = modeOfTier(name, input);
    // A tier that only looks on must not count as done where others act after it.
    const isHypothetical = someAct && mode === 'observe';
    const ledger = isHypothetical ? { ...left } : left;
    const proposal = tier.propose({
      sessions: open,
      everybody: snapshot.sessions,
      clients,
      locks: input.locks,
      policy,
      engine: snapshot.server.engine,
      usable,
      need: Math.max(0, ledger.need),
      pressing: input.pressing,
      stormWithinMs: input.stormWithinMs,
      userLimits: snapshot.userLimits,
      caps: history.caps,
    });
    const spared = [...proposal.spared];
    const victims: Victim[] = [];
    const marked = proposal.candidates.map((candidate) => ({
      ...candidate,
      needsPerson: tier.losesWork ? reservedForPerson(candidate.session, policy) : null,
    }));
    let forPerson = mode === 'approve' ? MOST_FOR_PERSON : 0;
    const margin = ledger.need > 0 ? (proposal.margin ?? 0) : 0;
    // What was ended in vain before a user was limited must not keep the limit from helping.
    const budget = name === 'cap-consumer' ? 'limited' : 'incident';
    // Whom anybody may end goes before whom only a person may.
    for (const candidate of [...marked.filter(isForAnybody), ...marked.filter((each) => !isForAnybody(each))]) {
      const reason =
        (forPerson > 0 ? null : candidate.needsPerson) ??
        stopReason({
          ...ledger,
          need: ledger.need + margin,
          incident: ledger[budget],
          tier: perTier - victims.length,
          denied: history.denied.has(name),
          futile: history.futile.has(name),
          blocked: tier.losesWork && !input.pressing,
        });
      if (reason) {
        spared.push({ session: candidate.session, reason });
        continue;
      }
      victims.push(candidate);
      if (!isForAnybody(candidate)) forPerson--;
      ledger.need -= candidate.frees;
      ledger[budget]--;
      ledger.hour--;
    }
    const isDenied = history.denied.has(name) && proposal.cap !== undefined;
    const cap = isDenied ? null : (proposal.cap ?? null);
    const refusal = isDenied ? DENIED : (proposal.refusal ?? null);
    tiers.push({ tier: name, mode, cap, refusal, victims, spared });
    if (victims.length > 0 && !isHypothetical) {
      const taken = new Set(victims.map((victim) => victim.session));
      open = open.filter((session) => !taken.has(session));
    }
  }
  return { need, tiers, spared: [...protectedOnes, ...mergeSpared(open, tiers)] };
}

/** Stands in for a limit that a person has said no to. */
export const DENIED: CapRefusal = { why: 'a person has said no to a limit that would help', fix: [] };

function isForAnybody({ needsPerson }: Victim): boolean {
  return needsPerson === null;
}

interface Left {
  readonly need: number;
  readonly tier: number;
  readonly incident: number;
  readonly hour: number;
  readonly denied: boolean;
  readonly futile: boolean;
  readonly blocked: boolean;
}

function stopReason(left: Left): SparedReason | null {
  if (left.denied) return 'denied';
  if (left.blocked) return 'work-to-lose';
  if (left.futile) return 'refills-at-once';
  if (left.need <= 0) return 'enough';
  if (left.hour <= 0) return 'cap-hour';
  if (left.incident <= 0) return 'cap-incident';
  if (left.tier <= 0) return 'cap-tier';
  return null;
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
