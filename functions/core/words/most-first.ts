/** Keys with their numbers, the largest number first, equal numbers by name: independent of the order of the input. */
export function mostFirst<K extends string>(counts: Iterable<readonly [K, number]>): (readonly [K, number])[] {
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}
