import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeOf } from '../../../../functions/core/server/consumer-count.ts';
import { QUARTER_MS, quarterOf } from '../../../../functions/core/usual/profile.ts';
import { rollUp } from '../../../../functions/core/usual/roll-up.ts';
import { refusedAt, unansweredAt } from '../../../support/a-sample.ts';
import { consumersOf, samplesFrom, sampleWith } from '../../../support/a-profile.ts';

const T0 = Date.UTC(2026, 0, 5, 10);
const MINUTE = 60_000;
const minutely = (...counts: readonly Parameters<typeof consumersOf>[0][]) =>
  counts.map((count, index) => sampleWith(T0 + index * MINUTE, consumersOf(count)));

describe('a quarter of an hour', () => {
  it('has the most of each kind, the most and the middle in all, and the most in use at once', () => {
    const quarter = rollUp(minutely({ web: [5, 0, 1] }, { web: [0, 2, 2] }, { web: [4, 0, 3] }), T0);
    expect(quarter).toEqual({
      at: T0,
      samples: 3,
      consumers: [{ name: 'web/', user: 'web', idle: 5, open: 2, busy: 3, most: 7, middle: 6, used: 4 }],
      rest: { consumers: 0, most: 0 },
    });
  });

  it('counts a consumer as gone in the samples that do not name it', () => {
    const quarter = rollUp(minutely({ web: [9, 0, 0] }, {}, {}, { web: [4, 0, 0] }), T0);
    expect(quarter?.consumers).toMatchObject([{ most: 9, middle: 2 }]);
    expect(rollUp(minutely({ web: [9, 0, 0] }, {}, {}), T0)?.consumers).toMatchObject([{ most: 9, middle: 0 }]);
  });

  it('of a server without clients is one, and there is none without samples', () => {
    expect(rollUp(minutely({}), T0)).toMatchObject({ samples: 1, consumers: [] });
    expect(rollUp([], T0)).toBeNull();
  });

  it('names the twenty largest, and says of the others how many there were and how large one may have been', () => {
    const names = Array.from({ length: 25 }, (_, index) => `u${String.fromCharCode(97 + index)}`);
    const first = Object.fromEntries(names.map((name, index) => [name, [30 - index, 0, 0] as const]));
    const second = { late: [50, 0, 0] as const };
    const quarter = rollUp(minutely(first, second), T0);
    expect(quarter?.consumers).toHaveLength(20);
    expect(quarter?.consumers.slice(0, 2)).toMatchObject([{ user: 'late' }, { user: 'ua' }]);
    // The twentieth of the first sample, with 11 sessions, made room for `late`; the other five have 10 down to 6.
    expect(quarter?.rest).toEqual({ consumers: 6, most: 11 });
  });

  it('learns nothing from incidents, pauses, full servers, refusals and workers that do not answer', () => {
    const leak = consumersOf({ leak: [90, 0, 0] });
    const poison = [
      sampleWith(T0, leak, { inIncident: true }),
      sampleWith(T0 + 1, leak, { isUnusual: true }),
      sampleWith(T0 + 2, leak, { isFull: true }),
      refusedAt(T0 + 3, 'full'),
      unansweredAt(T0 + 4, 'busy'),
      sampleWith(T0 + 5, leak, { consumers: null }),
    ];
    expect(rollUp(poison, T0)).toBeNull();
    const calm = minutely({ web: [5, 0, 1] }).map((sample) => ({ ...sample, at: T0 + 9 }));
    expect(rollUp([...poison, ...calm], T0)).toEqual({ ...rollUp(calm, T0), leftOut: poison.length });
  });
});

describe('for any samples', () => {
  const samples = samplesFrom(T0);
  const quarters = Array.from({ length: 8 }, (_, index) => T0 + index * QUARTER_MS);

  it('their order, repetitions and samples of other quarters make no difference', () => {
    const property = fc.property(samples, fc.infiniteStream(fc.nat()), (given, dice) => {
      const shuffled = given.map((sample) => [dice.next().value ?? 0, sample] as const).sort(([a], [b]) => a - b);
      const twice = [...shuffled.map(([, sample]) => sample), ...given.slice(0, 5)];
      for (const at of quarters) {
        const quarter = rollUp(given, at);
        expect(rollUp(twice, at)).toEqual(quarter);
        expect(
          rollUp(
            given.filter((sample) => quarterOf(sample.at) === at),
            at,
          ),
        ).toEqual(quarter);
      }
    });
    fc.assert(property);
  });

  it('no number is more than a sample shows, and incidents, pauses and full servers are in none', () => {
    const property = fc.property(samples, (given) => {
      const usual = given.filter(({ inIncident, isUnusual, isFull }) => !inIncident && isUnusual !== true && !isFull);
      for (const at of quarters) {
        const quarter = rollUp(given, at);
        const own = usual.filter((sample) => quarterOf(sample.at) === at);
        expect(quarter?.samples ?? 0).toBe(own.length);
        for (const { name, most, middle, used, idle, open, busy } of quarter?.consumers ?? []) {
          const shown = own.flatMap(({ consumers }) => consumers?.largest.filter((count) => count.name === name) ?? []);
          expect(most).toBe(Math.max(...shown.map(sizeOf)));
          expect(middle).toBeLessThanOrEqual(most);
          expect(used).toBeLessThanOrEqual(open + busy);
          expect(Math.max(idle, open, busy)).toBeLessThanOrEqual(most);
        }
      }
    });
    fc.assert(property);
  });

  it('one odd sample changes the middle by no more than its neighbours in order', () => {
    const property = fc.property(fc.array(fc.nat(20), { minLength: 3, maxLength: 15 }), fc.nat(500), (sizes, odd) => {
      const of = (list: readonly number[]) =>
        rollUp(minutely(...list.map((size) => ({ web: [size, 0, 0] as const }))), T0)?.consumers[0]?.middle ?? 0;
      expect(of([...sizes.slice(1), odd])).toBeLessThanOrEqual(Math.max(...sizes));
    });
    fc.assert(property);
  });
});
