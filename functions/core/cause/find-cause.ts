import type { CauseName, KnownCause } from '../policy/cause-names.ts';
import type { Policy } from '../policy/policy.ts';
import { TIER_NAMES, type TierName } from '../policy/tier-names.ts';
import { describePrepared } from './prepared.ts';
import { describeSlots } from '../server/slot-picture.ts';
import type { Canary } from '../server/snapshot.ts';
import { describeDepartures } from '../usual/departure-words.ts';
import { count } from '../words/count.ts';
import { percent } from '../words/percent.ts';
import { named, printable } from '../words/printable.ts';
import type { Facts } from './facts.ts';
import type { CauseFinding } from './finding.ts';
import { KNOWN_CAUSES, perMinute } from './known-causes.ts';
import { signalsOf, type Signal } from './weights.ts';

/** Every cause, with the tier that deals with it and its words. */
export const CAUSES: Readonly<Record<CauseName, { readonly first: TierName | null; readonly words: string }>> = {
  ...KNOWN_CAUSES,
  unclear: { first: null, words: 'no single cause stands out' },
};

export const CERTAINTY = {
  /** How likely "unclear" is when nothing speaks for any cause. */
  unclear: 0.3,
  /** Each unknown fact makes "unclear" this many times as likely: all causes lose alike and keep their order. */
  unknownFactor: 1.1,
  /** A cause is named when it is at least as likely as all others together. */
  leastSure: 0.5,
  /** Log-odds of the cause that the previous round found: only clearly better evidence takes its place. */
  held: 1.5,
  /** Causes less likely than this are left out of the ranking. */
  leastProbability: 0.01,
} as const;

/** Most user and database limits in the evidence. */
const MAX_LIMITS = 3;

/**
 * Names the cause that best explains the taken slots, and how sure that is. Each cause starts from its base rate, its
 * signals add to its log-odds, and the sums become probabilities (softmax), which together with "unclear" add up to 1.
 * The ranking has every cause of one percent or more. The evidence is that of the most likely cause, strongest first,
 * then what all causes have in common. Pure and deterministic; missing history only makes it less sure.
 */
export function findCause(facts: Facts, policy: Policy, canary: Canary, held: CauseName | null = null): CauseFinding {
  const ranked = weighCauses(facts, policy, held);
  const [likeliest] = ranked;
  const best = likeliest && likeliest.probability >= CERTAINTY.leastSure ? likeliest : null;
  const signals = [...(best?.signals ?? [])].sort((a, b) => b.weight - a.weight);
  return {
    name: best?.name ?? 'unclear',
    confidence: round(best?.probability ?? 1 - (likeliest?.probability ?? 0)),
    evidence: [...signals.flatMap(({ words }) => (words === '' ? [] : [words])), ...commonEvidence(facts, canary)],
    ranking: ranked
      .filter(({ probability }) => probability >= CERTAINTY.leastProbability)
      .map(({ name, probability }) => ({ name, probability: round(probability) })),
  };
}

/** What a cause is, in words. A record of another version may name an unknown one. */
export function causeWords(name: CauseName): string {
  return Object.hasOwn(CAUSES, name) ? CAUSES[name].words : printable(name);
}

/** A cause in words, with how sure Headroom is; that none stands out needs no number. */
export function describeCause({ name, confidence }: Pick<CauseFinding, 'name' | 'confidence'>): string {
  return name === 'unclear' ? causeWords(name) : `${causeWords(name)} (${percent(100 * confidence)} sure)`;
}

/** The tier that deals with a cause; null when none does. */
function firstTierFor(cause: CauseName): TierName | null {
  return Object.hasOwn(CAUSES, cause) ? CAUSES[cause].first : null;
}

/** Tiers in their order for a cause: the one that deals with it first, then by harm. */
export function tierOrderFor(cause: CauseName): TierName[] {
  return tiersLedBy(firstTierFor(cause));
}

/** Tiers by harm, with one of them first. */
export function tiersLedBy(first: TierName | null): TierName[] {
  return [...TIER_NAMES].sort((a, b) => Number(b === first) - Number(a === first));
}

export interface WeighedCause {
  readonly name: CauseName;
  readonly signals: readonly Signal[];
  /** Log-odds: of its base rate, with the weight of every signal. */
  readonly score: number;
  readonly probability: number;
}

/** Every cause with what speaks for it and against it, most likely first. */
export function weighCauses(facts: Facts, policy: Policy, held: CauseName | null = null): WeighedCause[] {
  const scored = (Object.keys(KNOWN_CAUSES) as KnownCause[]).map((name) => {
    const signals = signalsOf(KNOWN_CAUSES[name], facts, policy);
    return {
      name,
      signals,
      score: signals.reduce(
        (sum, { weight }) => sum + weight,
        Math.log(KNOWN_CAUSES[name].prior) + (name === held ? CERTAINTY.held : 0),
      ),
    };
  });
  const all = [
    ...scored,
    {
      name: 'unclear' as const,
      signals: [],
      score: Math.log(CERTAINTY.unclear * CERTAINTY.unknownFactor ** facts.unknown.length),
    },
  ];
  const total = all.reduce((sum, { score }) => sum + Math.exp(score), 0);
  return all.map((each) => ({ ...each, probability: Math.exp(each.score) / total })).sort((a, b) => b.score - a.score);
}

function commonEvidence(facts: Facts, canary: Canary): string[] {
  const { slots, usable, departures, atLimit, prepared, behindPrepared, trend, returns, changes, picture, unknown } =
    facts;
  return [
    ...describePrepared(prepared, behindPrepared),
    `${slots} of ${usable} usable slots are taken`,
    ...describeDepartures(departures),
    ...atLimit
      .slice(0, MAX_LIMITS)
      .map(({ of, name, limit }) => `the ${of} ${named(name)} has all ${limit} connections that its own limit allows`),
    ...(canary.result === 'refused' ? [`an ordinary client is refused (${canary.refusal.kind})`] : []),
    ...(trend !== null && trend.fullSamples > 0
      ? [`${count(trend.fullSamples, 'earlier sample')} found the server full`]
      : []),
    ...(trend?.refusedPerMinute != null && trend.refusedPerMinute >= 1
      ? [`the server recently refused ${perMinute(trend.refusedPerMinute, 'login')} for lack of a slot`]
      : []),
    ...(returns.ended > 0
      ? [`consumers have replaced ${returns.back} of ${count(returns.ended, 'session')} that were ended`]
      : []),
    ...changes.map((change) => `changed recently: ${printable(change, 160)}`),
    ...describeSlots(picture, slots),
    ...(unknown.length > 0 ? [`unknown, which makes the cause less sure: ${unknown.join(', ')}`] : []),
  ];
}

function round(probability: number): number {
  return Math.round(100 * probability) / 100;
}
