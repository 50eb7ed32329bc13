import type { CauseName } from '../policy/cause-names.ts';

/** Why the slots are taken, as far as a snapshot and its context show. */
export interface CauseFinding {
  readonly name: CauseName;
  /** 0 to 1. */
  readonly confidence: number;
  /** Lines with numbers in them. */
  readonly evidence: readonly string[];
  /** The possible causes, most likely first, with probabilities between 0 and 1. */
  readonly ranking: readonly { readonly name: CauseName; readonly probability: number }[];
}
