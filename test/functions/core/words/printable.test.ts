import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonText } from '../../../../functions/core/words/json-text.ts';
import { named, printable } from '../../../../functions/core/words/printable.ts';

/** What moves a cursor, turns text round, or ends a line. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const HOSTILE = 'a\u0000\u001b[2J\u009b31m\u202egnp.exe\u2066\u200b\u2028\u00ad\u{e0001}\u007fz';

describe('text from elsewhere, made to be read', () => {
  test('has no control characters, of either kind, nor any that turn its direction', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => !UNSAFE.test(printable(`${HOSTILE}${text}`, 1_000))),
    );
  });

  test.each([
    ['Read and decide: https://evil.example/?key=1', 'Read and decide: https[:]//evil.example/?key=1'],
    ['HTTP://X', 'HTTP[:]//X'],
    ['www.evil.example', 'www[.]evil.example'],
    ['https[:]//x', 'https[:]//x'],
  ])('makes no link of %s', (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(printable(shown)).toBe(shown);
  });
});

describe('a name from elsewhere', () => {
  test.each([
    ['checkout', 'checkout'],
    ['app/@scope/web-#.#', 'app/@scope/web-#.#'],
    ['ünï_ço', 'ünï_ço'],
    ['PostgreSQL JDBC Driver', '"PostgreSQL JDBC Driver"'],
    ['Read and decide: https://evil.example', '"Read and decide: https[:]//evil.example"'],
    ['a "quoted" b', `"a 'quoted' b"`],
    ['', ''],
  ])('%j is shown as %s, so that it passes for no words of ours', (name, shown) => {
    expect(named(name)).toBe(shown);
  });

  test('is bounded, quotes included', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => named(text, 20).length <= 20));
  });
});

describe('a document for programs', () => {
  test('says the same, and a terminal that shows it does nothing but show it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (key, text) => {
        const value = { [key]: [text, HOSTILE] };
        const written = jsonText(value, 2);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(written.replaceAll('\n', '')).not.toMatch(UNSAFE);
      }),
    );
  });
});
