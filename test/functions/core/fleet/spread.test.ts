import { expect, test } from 'vitest';
import { paceOf, spread } from '../../../../functions/core/fleet/spread.ts';

/** A clock that sleeping moves, and calls that cost a moment each. */
function clock(costMs = 0) {
  let at = 1_000;
  const begun: number[] = [];
  return {
    begun,
    now: () => at,
    sleep: (ms: number) => {
      at += ms;
      return Promise.resolve();
    },
    call: (): Promise<void> => {
      begun.push(at);
      at += costMs;
      return Promise.resolve();
    },
  };
}

const items = (count: number) => Array.from({ length: count }, (_, n) => n);

test('many are spread over the whole span, a few are done within moments', async () => {
  const [many, few] = [clock(), clock()];
  await spread(items(1_000), paceOf(1_000, 1_000, 50_000), many.call, many);
  await spread(items(10), paceOf(10, 1_000, 50_000), few.call, few);
  expect(many.begun.at(-1)).toBeCloseTo(1_000 + 49_950);
  const gaps = many.begun.slice(1).map((at, index) => at - (many.begun[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(51);
  expect(few.begun.at(-1)).toBe(1_900);
});

test('a call that hangs or fails holds up nobody, and failures are returned', async () => {
  const { now, sleep, call, begun } = clock();
  let release = (): void => undefined;
  const hanging = new Promise<void>((resolve) => (release = resolve));
  const all = spread(
    items(4),
    paceOf(4, 1_000, 50_000),
    (item) => {
      void call();
      if (item === 0) return hanging;
      return item === 2 ? Promise.reject(new Error('refused')) : Promise.resolve();
    },
    { now, sleep },
  );
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(begun).toHaveLength(4);
  release();
  expect(await all).toEqual(['refused']);
});

test('when the span is over nothing more is begun, and that is told', async () => {
  const slow = clock(1_000);
  const failures = await spread(items(100), paceOf(100, 1_000, 10_000), slow.call, slow);
  expect(slow.begun).toHaveLength(11);
  expect(failures).toEqual(['no time was left for 89 of 100']);
});
