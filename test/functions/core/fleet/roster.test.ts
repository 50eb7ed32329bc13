import { describe, expect, test } from 'vitest';
import { isCheckDue, isReconcileDue } from '../../../../functions/core/fleet/roster.ts';
import { aRow } from '../../../support/a-roster-row.ts';

const DAY = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const fleet = Array.from({ length: 900 }, (_, n) => aRow(`db-${n}`));
const minutes = (count: number) => Array.from({ length: count }, (_, n) => DAY + n * MINUTE);

describe('in a day', () => {
  test('each target is checked once, in the morning, and not many at once', () => {
    const perMinute = minutes(24 * 60).map((at) => fleet.filter((row) => isCheckDue(row, at)).length);
    expect(perMinute.reduce((sum, count) => sum + count)).toBe(900);
    expect(
      perMinute
        .slice(0, 6 * 60)
        .concat(perMinute.slice(8 * 60))
        .every((count) => count === 0),
    ).toBe(true);
    expect(Math.max(...perMinute)).toBeLessThan(25);
    for (const row of fleet.slice(0, 20)) {
      expect(minutes(24 * 60).filter((at) => isCheckDue(row, at))).toHaveLength(1);
    }
  });

  test('each is looked after once an hour though nothing is known to be left to do', () => {
    for (const row of fleet.slice(0, 20)) {
      expect(minutes(120).filter((at) => isReconcileDue(row, false, at))).toHaveLength(2);
    }
  });
});

test('a target is looked after in every minute while something may be left to do, or an alarm is active', () => {
  const owing = aRow('orders', { owesSince: DAY });
  expect(minutes(60).every((at) => isReconcileDue(owing, false, at))).toBe(true);
  expect(minutes(60).every((at) => isReconcileDue({ ...owing, owesSince: null }, true, at))).toBe(true);
});
