/** A session that may be ended, as the choice sees it. */
export interface Option {
  readonly tier: string;
  /** What ending it costs; more than 0. */
  readonly harm: number;
  /** Slots it can free: a whole number, 1 or more. */
  readonly frees: number;
}

export interface Bounds {
  /** Slots that must come free. */
  readonly need: number;
  /** Most sessions of each tier, and of all together. */
  readonly perTier: number;
  readonly total: number;
}

/** Every set of up to this many blockers is tried: with no more blockers than that, the choice is optimal. */
export const TRIED_IN_SETS = 8;

/**
 * Chooses which sessions to end: of all sets within the bounds that free what is needed, or else free the most, one
 * with the least harm. Options that free one slot each are best taken in the order of harm (a partition matroid cut off
 * at the bounds, for which taking the cheapest first is exact: Edmonds 1971). So only sets of options that free
 * several, the blockers, need to be tried. With more than TRIED_IN_SETS of those, the rest are taken by harm per slot,
 * and then any that is not needed is dropped: good, but not proven optimal. Ties go to the earlier option. Every option
 * in the result is needed. O(n log n).
 */
export function chooseLeastHarm<T extends Option>(options: readonly T[], bounds: Bounds): T[] {
  if (bounds.need <= 0 || bounds.total <= 0 || bounds.perTier <= 0) return [];
  const ranked = options
    .map((option, index) => ({ option, index }))
    .sort((a, b) => perSlot(a.option) - perSlot(b.option) || a.index - b.index);
  const several = ranked.filter(({ option }) => option.frees > 1);
  const tried = several.slice(0, TRIED_IN_SETS);
  const rest = ranked.filter((each) => !tried.includes(each)).map(({ option }) => option);
  let best = new Basket<T>(bounds);
  for (let set = 0; set < 2 ** tried.length; set++) {
    const basket = new Basket<T>(bounds);
    const isPossible = tried.every(({ option }, bit) => (set & (1 << bit)) === 0 || basket.add(option));
    if (!isPossible) continue;
    for (const option of rest) {
      if (basket.isEnough || basket.isFull || basket.isLost(best)) break;
      basket.add(option);
    }
    if (several.length > TRIED_IN_SETS) basket.dropSpare();
    if (basket.isBetterThan(best)) best = basket;
  }
  const chosen = new Set<Option>(best.options);
  return options.filter((option) => chosen.has(option));
}

/** What an option costs for each slot it frees. */
export function perSlot({ harm, frees }: Option): number {
  return harm / frees;
}

/** Sums of harm that differ by less are equal. */
const ROUNDING = 1e-9;

class Basket<T extends Option> {
  options: T[] = [];
  #harm = 0;
  #frees = 0;
  readonly #ofTier = new Map<string, number>();
  readonly #bounds: Bounds;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get isEnough(): boolean {
    return this.#frees >= this.#bounds.need;
  }

  get isFull(): boolean {
    return this.options.length >= this.#bounds.total;
  }

  /** Adds an option and returns true, unless a bound is reached. */
  add(option: T): boolean {
    const ofTier = this.#ofTier.get(option.tier) ?? 0;
    if (this.isFull || ofTier >= this.#bounds.perTier) return false;
    this.options.push(option);
    this.#ofTier.set(option.tier, ofTier + 1);
    this.#harm += option.harm;
    this.#frees += option.frees;
    return true;
  }

  /** Drops options that are not needed, the most harmful first. */
  dropSpare(): void {
    if (this.#frees <= this.#bounds.need) return;
    for (const option of [...this.options].sort((a, b) => b.harm - a.harm)) {
      if (this.#frees - option.frees < this.#bounds.need) continue;
      this.options = this.options.filter((each) => each !== option);
      this.#harm -= option.harm;
      this.#frees -= option.frees;
    }
  }

  /** It already costs more than one that is enough. */
  isLost(best: Basket<T>): boolean {
    return best.isEnough && this.#harm > best.#harm + ROUNDING;
  }

  isBetterThan(other: Basket<T>): boolean {
    const useful = (basket: Basket<T>) => Math.min(basket.#frees, basket.#bounds.need);
    const more = useful(this) - useful(other);
    if (more !== 0) return more > 0;
    const less = other.#harm - this.#harm;
    if (Math.abs(less) > ROUNDING) return less > 0;
    return this.options.length < other.options.length;
  }
}
