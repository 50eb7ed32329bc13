import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipBytes, fit, jsonBytes } from '../../../../functions/aws/process/fit.ts';

describe('clipBytes', () => {
  it('leaves short text alone and cuts long text inside no character', () => {
    expect(clipBytes('äöü', 6)).toBe('äöü');
    expect(clipBytes('äöüß', 7)).toBe('äö…');
    expect(clipBytes('🦑🦑', 7)).toBe('🦑…');
  });

  it('keeps any text within the bytes, and what it keeps is its beginning', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer({ min: 3, max: 80 }), (text, maxBytes) => {
        const clipped = clipBytes(text, maxBytes);
        expect(Buffer.byteLength(clipped)).toBeLessThanOrEqual(maxBytes);
        if (clipped !== text) expect(text.startsWith(clipped.slice(0, -1))).toBe(true);
      }),
    );
  });
});

describe('fit', () => {
  it('keeps what fits as it is, without undefined', () => {
    expect(fit({ a: [1, 'x', null], b: undefined, c: Number.NaN }, 100)).toEqual({ a: [1, 'x', null], c: null });
    expect(fit(undefined, 10)).toBeNull();
  });

  it('cuts texts, lists and maps until they fit, mildly where that is enough', () => {
    const long = 'ü'.repeat(3_000);
    expect(jsonBytes(fit({ long, short: 'kept' }, 5_000))).toBeLessThanOrEqual(5_000);
    expect(fit({ long, short: 'kept' }, 5_000)).toMatchObject({ short: 'kept' });
    const wide = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`${i}${long}`, [long, long]]));
    expect(jsonBytes(fit(wide, 2_000))).toBeLessThanOrEqual(2_000);
  });

  it('refuses what cannot be cut any further', () => {
    expect(() => fit([1, 2, 3], 3)).toThrow(RangeError);
  });
});
