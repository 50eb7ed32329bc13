import { expect, it } from 'vitest';
import { readRefusal } from '../../../../functions/core/sampler/refusal-seen.ts';
import { seenAt } from '../../../support/a-sample.ts';

const MINUTE = 60_000;
const at = (minute: number, isFull: boolean) => seenAt(minute * MINUTE, 100, { isFull });
const look = (minute: number, isRefused: boolean, isAdmitted: boolean) => ({
  at: minute * MINUTE,
  isRefused,
  isAdmitted,
});

it('nobody was refused as long as nobody was seen to be', () => {
  expect(readRefusal(null, [at(1, false), at(2, false)], look(3, false, true))).toBeNull();
});

it('begins with the first sample that saw it, and ends when a client first gets in again', () => {
  const samples = [at(1, true), at(20, false), at(21, true), at(22, true), at(23, true)];
  const first = readRefusal(null, samples, look(24, true, false));
  expect(first).toEqual({ from: 21 * MINUTE, until: null });
  const good = readRefusal(first, samples, look(25, false, true));
  expect(good).toEqual({ from: 21 * MINUTE, until: 25 * MINUTE });
  expect(readRefusal(good, samples, look(26, false, true))).toEqual(good);
});

it('goes on when clients are refused once more', () => {
  const good = { from: MINUTE, until: 2 * MINUTE };
  expect(readRefusal(good, [], look(3, true, false))).toEqual({ from: MINUTE, until: null });
});

it('is known by the look alone where there are no samples', () => {
  expect(readRefusal(null, [], look(3, true, false))).toEqual({ from: 3 * MINUTE, until: null });
});
