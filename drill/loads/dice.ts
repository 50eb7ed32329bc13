/** Repeatable chance: the same seed, the same numbers. */
export interface Dice {
  /** Evenly from `from` up to `to`. */
  between(from: number, to: number): number;
  whole(from: number, to: number): number;
  /** Exponential, as waiting times are: mostly short, sometimes long. */
  waiting(mean: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  happens(probability: number): boolean;
}

/** Mulberry32. */
export function rollDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (from: number, to: number) => from + next() * (to - from);
  return {
    between,
    whole: (from, to) => Math.floor(between(from, to + 1)),
    waiting: (mean) => -mean * Math.log(1 - next()),
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    happens: (probability) => next() < probability,
  };
}
