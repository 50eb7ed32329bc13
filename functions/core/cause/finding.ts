export interface CauseFinding {
  readonly name: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Sentences with numbers in them. */
  readonly evidence: readonly string[];
  /** The causes that were thought possible, most likely first, with probabilities between 0 and 1. */
  readonly ranking: readonly { readonly name: string; readonly probability: number }[];
}
