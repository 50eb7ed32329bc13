import stringWidth from 'string-width';
import { harmless } from './output.ts';

/** Columns of a terminal that nobody has widened. */
const WIDTH = 80;
/** Names are shown whole beside no deeper indentation. */
const DEEPEST = WIDTH / 2;

const graphemes = new Intl.Segmenter();

/**
 * A line in pieces that fit into 80 columns, broken at blanks, and within a word only where the word does not fit into a
 * line. The first piece leaves room for `used` columns before it; the others begin with as many blanks, and with those
 * that the line begins with. What a terminal would obey is taken out first, as it has no width.
 */
export function wrapped(line: string, used = 0): string[] {
  const text = harmless(line).replaceAll('\n', ' ');
  const blanks = /^ */.exec(text)?.[0] ?? '';
  const hanging = ' '.repeat(Math.min(DEEPEST, used + blanks.length));
  const pieces: string[] = [];
  let piece = blanks;
  let left = WIDTH - used - blanks.length;
  const next = (): void => {
    pieces.push(piece.trimEnd());
    piece = hanging;
    left = WIDTH - hanging.length;
  };
  const put = (part: string, width = stringWidth(part)): void => {
    piece += part;
    left -= width;
  };
  for (const word of text.slice(blanks.length).match(/ *[^ ]+/g) ?? []) {
    if (stringWidth(word) <= left) {
      put(word);
      continue;
    }
    const bare = word.trimStart();
    if (piece.trim() !== '') next();
    if (stringWidth(bare) <= left) put(bare);
    else {
      for (const { segment } of graphemes.segment(bare)) {
        const width = stringWidth(segment);
        if (width > left) next();
        put(segment, width);
      }
    }
  }
  return [...pieces, piece];
}

/** The same after a label, which the first piece begins with and the others leave room for. */
export function wrappedAfter(label: string, text: string): string[] {
  const [first = '', ...others] = wrapped(text, stringWidth(label));
  return [`${label}${first}`, ...others];
}
