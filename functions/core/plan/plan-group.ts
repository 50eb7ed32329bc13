import { reservedForPerson } from '../policy/protection.ts';
import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import { enoughToTell, RETURNS_AT_ONCE } from '../server/returns.ts';
import { consumerOf } from '../server/consumer.ts';
import type { Session } from '../server/session.ts';
import type { Left } from './budget.ts';
import { harmOf } from './harm.ts';
import { chooseLeastHarm } from './least-harm.ts';
import { isRefusedLately, type PlanInput, type TierPlan, type Victim } from './tier-plan.ts';
import { tierNamed } from './tiers/index.ts';
import { modeOfTier } from './tiers/mode-of-tier.ts';
import type { Candidate, LimitRefusal, Spared, Tier } from './tiers/tier.ts';
import type { Weighed, Weighing } from './weighing.ts';

export interface GroupInput extends PlanInput {
  /** Sessions that nothing protects. */
  readonly sessions: readonly Session[];
  readonly clients: readonly Session[];
  readonly left: Left;
}

/** A question names each of these sessions: no one would read more of them. */
export const MOST_FOR_PERSON = 20;
/** Harm of work that only a person may throw away: everything else is chosen before it. */
const FOR_PERSON = 1_000;
/**
 * Weight of harm of a suspect, as it is why the slots are full. So small that a leaked transaction is chosen before a
 * spare idle session of a healthy pool, and so large that one blocker is chosen before a crowd.
 */
const OF_SUSPECT = 0.15;

/** Takes the place of a limit that a person has denied. */
export const DENIED: LimitRefusal = { why: 'a person has said no to a limit that would help', fix: [] };

const REFUSED: LimitRefusal = { why: 'the server has just refused a limit that would help', fix: [] };

/** Plans tiers together, for the least harm over all of them. A session that several propose belongs to the first. */
export function planGroup(
  names: readonly TierName[],
  input: GroupInput,
): { readonly tiers: TierPlan[]; readonly weighing: Weighing } {
  const proposed = names.map((name) => optionsOf(tierNamed(name), input));
  const [first] = names;
  const incident = first === undefined ? 0 : input.left[tierNamed(first).budget];
  const { hour } = input.left;
  const margin = Math.max(0, ...proposed.map((each) => each.margin));
  const need = input.left.need > 0 ? input.left.need + margin : 0;
  const bounds = { need, perTier: input.left.tier, total: Math.min(incident, hour) };

  const claimed = new Set<Session>();
  const options = proposed.flatMap(({ options: own }) =>
    own.filter(({ victim: { session } }) => !claimed.has(session) && claimed.add(session)),
  );
  const chosen = chooseLeastHarm(options, bounds);
  const isChosen = new Set(chosen);
  const freed = chosen.reduce((sum, { frees }) => sum + frees, 0);
  const tiers = proposed.map(({ tier, limit, refusal, spared }): TierPlan => {
    const own = chosen.filter((each) => each.tier === tier);
    const stop = stopReason({
      need: need - freed,
      hour: hour - chosen.length,
      incident: incident - chosen.length,
      tier: input.left.tier - own.length,
    });
    const left = options.filter((each) => each.tier === tier && !isChosen.has(each));
    return {
      tier,
      mode: modeOfTier(tier, input),
      limit,
      refusal,
      // Those that need a person's approval come last.
      victims: own
        .map(({ victim }) => victim)
        .sort((a, b) => Number(a.needsPerson !== null) - Number(b.needsPerson !== null)),
      spared: [...spared, ...left.map(({ victim: { session } }) => ({ session, reason: stop }))],
    };
  });
  return { tiers, weighing: { options, chosen, bounds } };
}

interface TierOptions extends Pick<TierPlan, 'tier' | 'limit' | 'refusal'> {
  readonly options: readonly Weighed[];
  readonly spared: readonly Spared[];
  readonly margin: number;
}

/** What one tier can end, and what it must spare whatever the choice. */
function optionsOf(tier: Tier, input: GroupInput): TierOptions {
  const { snapshot, left } = input;
  const { usable } = snapshot.limits;
  const proposal = tier.propose({
    ...input,
    allSessions: snapshot.sessions,
    engine: snapshot.server.engine,
    usable,
    suspects: input.departures.suspects,
    usual: input.departures.usual,
    need: Math.max(0, left.need),
    userLimits: snapshot.userLimits,
    limitsOnRecord: input.history.limits,
    agreedLimit: input.history.agreedLimit,
  });
  const spared = [...proposal.spared];
  const options: Weighed[] = [];
  let forPerson = modeOfTier(tier.name, input) === 'approve' ? MOST_FOR_PERSON : 0;
  for (const candidate of proposal.candidates) {
    const option = weigh(candidate, tier, input);
    const { needsPerson } = option.victim;
    const isForPerson = needsPerson !== null;
    const reason = (isForPerson && forPerson === 0 ? needsPerson : null) ?? reasonToSpare(candidate, tier, input);
    if (reason) spared.push({ session: candidate.session, reason });
    else options.push(option);
    if (isForPerson && reason === null) forPerson--;
  }
  const now = tier.freesOwnSlot ? triedFirst(options, input) : new Set(options);
  for (const option of options)
    if (!now.has(option)) spared.push({ session: option.victim.session, reason: 'tried-first' });
  const barred = proposal.limit === undefined ? null : whyNoLimitNow(tier, input);
  return {
    tier: tier.name,
    limit: barred === null ? (proposal.limit ?? null) : null,
    refusal: barred ?? proposal.refusal ?? null,
    options: options.filter((option) => now.has(option)),
    spared,
    margin: proposal.margin ?? 0,
  };
}

/**
 * Where there are signs of a storm and nothing was measured yet: those that do the least harm, and only as many as show
 * whether their consumers come back. Else all of them.
 */
function triedFirst(
  options: readonly Weighed[],
  { stormWithinMs, returns, clients }: GroupInput,
): ReadonlySet<Weighed> {
  if (stormWithinMs === null || returns.ended > 0) return new Set(options);
  const concerned = new Set(options.map(({ victim }) => consumerOf(victim.session)));
  const enough = enoughToTell(clients.filter((session) => concerned.has(consumerOf(session))).length);
  return new Set(options.toSorted((a, b) => a.harm - b.harm).slice(0, enough));
}

function whyNoLimitNow(tier: Tier, { history, snapshot }: GroupInput): LimitRefusal | null {
  if (history.denied.has(tier.name)) return DENIED;
  return isRefusedLately(history.refused.tiers.get(tier.name), snapshot.at) ? REFUSED : null;
}

function weigh(candidate: Candidate, tier: Tier, { policy, returns, departures }: GroupInput): Weighed {
  const { session, frees } = candidate;
  const suspicion = departures.suspects.get(session);
  const victim: Victim = {
    ...candidate,
    reason: suspicion === undefined ? candidate.reason : `${candidate.reason}; ${suspicion.why}`,
    harm: harmOf(session, policy),
    needsPerson: tier.losesWork ? reservedForPerson(session, policy) : null,
  };
  const weight = victim.harm.points * (suspicion === undefined ? 1 : OF_SUSPECT);
  const returning = tier.freesOwnSlot ? returns.shareOf(consumerOf(session)) : 0;
  return {
    tier: tier.name,
    victim,
    frees,
    // If half of a consumer's sessions come back, two must end to free one slot.
    harm: weight / Math.max(1 - returning, 1 - RETURNS_AT_ONCE) + (victim.needsPerson === null ? 0 : FOR_PERSON),
  };
}

/** Why a tier must spare a candidate, however little harm it does; null when it need not. */
function reasonToSpare(
  { session }: Candidate,
  tier: Tier,
  { history, pressing, returns, snapshot }: GroupInput,
): SparedReason | null {
  if (history.denied.has(tier.name)) return 'denied';
  if (isRefusedLately(history.refused.tiers.get(tier.name), snapshot.at)) return 'refused-before';
  if (tier.losesWork && !pressing) return 'work-to-lose';
  if (tier.freesOwnSlot && returns.inVainForMs(consumerOf(session)) > 0) return 'refills-at-once';
  return null;
}

/** Why the options that are left were not chosen. */
function stopReason(left: { need: number; hour: number; incident: number; tier: number }): SparedReason {
  if (left.need <= 0) return 'enough';
  if (left.hour <= 0) return 'cap-hour';
  if (left.incident <= 0) return 'cap-incident';
  return left.tier <= 0 ? 'cap-tier' : 'enough';
}
