import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { wrapped, wrappedAfter } from '../../../local/terminal/wrap.ts';

const HOSTILE = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.constantFrom('名前'.repeat(60), 'a\u202eb\u0007c\u001b[2J', 'x'.repeat(300), '👩‍👩‍👧'.repeat(50), '  in blanks  '),
);

describe('wrapped', () => {
  it('breaks at blanks, and indents what follows as far as the line begins', () => {
    const text = `  ${'word '.repeat(30)}`;
    const pieces = wrapped(text, 10);
    expect(pieces.map((piece) => piece.search(/\S/))).toEqual([2, 12, 12]);
    expect(pieces.join(' ').replaceAll(/ +/g, ' ').trim()).toBe(text.trim());
    expect(wrapped('short')).toEqual(['short']);
    expect(wrappedAfter('label  ', 'short')).toEqual(['label  short']);
  });

  it('fits into 80 columns whatever the text, loses no visible character, and leaves nothing a terminal obeys', () => {
    fc.assert(
      fc.property(fc.array(HOSTILE, { maxLength: 6 }), fc.nat({ max: 30 }), (words, used) => {
        const text = words.join(' ');
        const [first = '', ...others] = wrapped(text, used);
        expect(used + stringWidth(first)).toBeLessThanOrEqual(80);
        for (const piece of others) expect(stringWidth(piece)).toBeLessThanOrEqual(80);
        const all = [first, ...others].join('');
        expect(all).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        const visible = (line: string) => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}· ]/gu, '');
        expect(visible(all)).toBe(visible(text));
      }),
    );
  });
});
