import type { Policy } from '../policy/policy.ts';
import type { TierName } from '../policy/tier-names.ts';
import type { Facts } from './facts.ts';

/** One thing that speaks for or against a cause. */
export interface Signal {
  /** What was measured, in words. */
  readonly of: string;
  /** Added to the cause's log-odds. Positive speaks for it. */
  readonly weight: number;
  /** With numbers; empty when it says nothing that people should read. */
  readonly words: string;
}

/** What speaks for or against a cause besides its share of the slots. */
interface Sign {
  /** What is measured, in words. */
  readonly of: string;
  /** The most that it adds to the cause's log-odds, or takes from them. */
  readonly weight: number;
  /** From 0 (against) to 1 (for); null is not known and says nothing. */
  readonly strength: (facts: Facts, policy: Policy) => number | null;
  readonly words?: (facts: Facts) => string;
  /**
   * The sign can only speak for the cause, or only against it: the other end says nothing. When absent, both ends
   * speak.
   */
  readonly speaks?: 'for' | 'against';
  /** How many slots it is about; when absent, those that the cause would explain. */
  readonly slots?: (facts: Facts) => number;
}

export interface Cause {
  /** How often this is why slots run out, before anything is measured. */
  readonly prior: number;
  /** The tier that deals with it; null when no tier does. */
  readonly first: TierName | null;
  readonly words: string;
  /** Which of the taken slots it would explain. */
  readonly explains: {
    readonly of: string;
    readonly slots: (facts: Facts) => number;
    readonly words?: (facts: Facts, policy: Policy) => string;
  };
  readonly signs: readonly Sign[];
}

/** The evidence leaves out a cause that explains less than this. */
const LEAST_SHARE = 0.05;
/** The evidence leaves out a sign that leans less than this. */
const LEAST_LEANING = 0.3;

/** Everything that speaks for or against a cause: first its share of the slots, then its signs. */
export function signalsOf({ explains, signs }: Cause, facts: Facts, policy: Policy): Signal[] {
  const share = explains.slots(facts) / facts.taken;
  const words = share >= LEAST_SHARE ? (explains.words?.(facts, policy) ?? '') : '';
  return [
    { of: explains.of, weight: weighShare(share), words },
    ...signs.map((sign) => readSign(sign, sign.slots ? sign.slots(facts) / facts.taken : share, facts, policy)),
  ];
}

/**
 * The share of the taken slots that a cause would explain counts most. A third speaks neither for nor against the
 * cause: all taken slots make it some 25 times as likely, a tenth of them 25 times less likely.
 */
export function weighShare(share: number): number {
  return 3 * Math.log((Math.min(1, share) + 0.02) / 0.35);
}

/** From -1 (against) to 1 (for). */
function leaning(strength: number, { speaks }: Sign): number {
  if (speaks === 'for') return strength;
  return speaks === 'against' ? strength - 1 : 2 * strength - 1;
}

/** A sign about a tenth of the slots weighs a fifth of one about half of them or more. */
function readSign(sign: Sign, share: number, facts: Facts, policy: Policy): Signal {
  const { of, weight } = sign;
  const strength = sign.strength(facts, policy);
  if (strength === null) return { of, weight: 0, words: '' };
  const lean = weight * leaning(strength, sign);
  return {
    of,
    weight: lean * Math.min(1, 2 * share),
    words: lean > LEAST_LEANING ? (sign.words?.(facts) ?? '') : '',
  };
}
