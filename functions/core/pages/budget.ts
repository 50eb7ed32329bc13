import type { Html } from './html.ts';

/** The first of them that together stay within so many characters, and how many are left out. */
export function withinBudget<T>(
  items: readonly T[],
  render: (item: T) => Html,
  characters: number,
): { readonly shown: readonly Html[]; readonly left: number } {
  const shown: Html[] = [];
  let spent = 0;
  for (const item of items) {
    const piece = render(item);
    spent += piece.toString().length;
    if (spent > characters) break;
    shown.push(piece);
  }
  return { shown, left: items.length - shown.length };
}
