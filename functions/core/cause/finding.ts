import type { CauseName } from '../policy/cause-names.ts';

/** Why the slots are taken, as far as one snapshot and what is known beside it tell. */
export interface CauseFinding {
  readonly name: CauseName;
  /** 0 to 1. */
  readonly confidence: number;
  /** Sentences with numbers in them. */
  readonly evidence: readonly string[];
  /** The causes that were thought possible, most likely first, with probabilities between 0 and 1. */
  readonly ranking: readonly { readonly name: CauseName; readonly probability: number }[];
}
