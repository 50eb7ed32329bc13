import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quoteRole } from '../../../../../functions/engines/postgres/grants/role-name.ts';

it('is what an administrator types', () => {
  expect(quoteRole('checkout')).toBe('"checkout"');
  expect(quoteRole('a"b')).toBe('"a""b"');
});

it('names a role with characters that do not print by their numbers', () => {
  expect(quoteRole('a\n\\b\u202e"')).toBe('U&"a\\+00000a\\\\b\\+00202e"""');
});

it('is one line of printable characters, whatever the name holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
      expect(quoteRole(name)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
