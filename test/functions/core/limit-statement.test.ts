import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limitStatement } from '../../../functions/core/limit-statement.ts';

it('is what an administrator types', () => {
  expect(limitStatement('postgres', 'checkout', 120)).toBe('ALTER ROLE "checkout" CONNECTION LIMIT 120');
  expect(limitStatement('postgres', 'checkout', null)).toBe('ALTER ROLE "checkout" CONNECTION LIMIT -1');
});

it('names a role with characters that do not print by their numbers', () => {
  expect(limitStatement('postgres', 'a\n\\b\u202e"', 5)).toBe(
    'ALTER ROLE U&"a\\+00000a\\\\b\\+00202e""" CONNECTION LIMIT 5',
  );
});

it('is one line of printable characters, whatever the name holds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
      expect(limitStatement('postgres', name, 5)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
