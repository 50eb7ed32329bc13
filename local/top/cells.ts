import stringWidth from 'string-width';
import { printable } from '../../functions/core/words/printable.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Text of anybody as so many columns of a terminal, at most: printable, and cut with `…`, between characters as people
 * see them.
 */
export function cut(text: string, columns: number): string {
  const plain = printable(text, 1_000);
  if (stringWidth(plain) <= columns) return plain;
  let shown = '';
  let width = 0;
  for (const { segment } of graphemes.segment(plain)) {
    const next = stringWidth(segment);
    if (width + next > columns - 1) break;
    shown += segment;
    width += next;
  }
  return columns < 1 ? '' : `${shown}…`;
}

/** The same, filled up with blanks: on the right, or on the left for numbers. */
export function cell(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const shown = cut(text, columns);
  const blanks = ' '.repeat(Math.max(0, columns - stringWidth(shown)));
  return side === 'left' ? shown + blanks : blanks + shown;
}
