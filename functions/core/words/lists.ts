/** Keys with their numbers, the largest number first, equal numbers by name: independent of the order of the input. */
export function mostFirst<K extends string>(counts: Iterable<readonly [K, number]>): (readonly [K, number])[] {
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

/** At most so many of a list, evenly apart. The last always stays: in time it is the newest. */
export function thinned<T>(items: readonly T[], most: number): T[] {
  const step = Math.ceil(items.length / most);
  return items.filter((_, index) => (items.length - 1 - index) % step === 0);
}

/** The first of them that together stay within so many characters, as they are shown, and how many are left out. */
export function withinBudget<T, S extends { toString(): string }>(
  items: readonly T[],
  render: (item: T) => S,
  characters: number,
): { readonly shown: readonly S[]; readonly left: number } {
  const shown: S[] = [];
  let spent = 0;
  for (const item of items) {
    const piece = render(item);
    spent += piece.toString().length;
    if (spent > characters) break;
    shown.push(piece);
  }
  return { shown, left: items.length - shown.length };
}
