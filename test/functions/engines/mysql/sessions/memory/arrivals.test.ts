import { describe, expect, it } from 'vitest';
import { trackArrivals } from '../../../../../../functions/engines/mysql/sessions/memory/arrivals.ts';

const MINUTE = 60_000;

/** Lists a minute apart, to sessions 10, 20, 30 …, the last of them right now. */
function minutely(lists: number) {
  const arrivals = trackArrivals();
  for (let list = 0; list < lists; list++) arrivals.note(10 * (list + 1), list * MINUTE);
  const now = (lists - 1) * MINUTE + 5;
  return (id: number) => arrivals.hasArrived(id, now, MINUTE);
}

it('a session has been connected since the first list with it, at least', () => {
  const arrivals = trackArrivals();
  arrivals.note(10, 0);
  arrivals.note(20, 30_000);
  expect([10, 11, 20, 21].map((id) => arrivals.leastConnectedMs(id, 40_000))).toEqual([40_000, 10_000, 10_000, 0]);
});

describe('whether a session has arrived within a minute', () => {
  it('is known by lists a minute apart', () => {
    const hasArrived = minutely(3);
    expect([21, 30].map(hasArrived)).toEqual([true, true]);
    expect([11, 20].map(hasArrived)).toEqual([false, false]);
  });

  it('is known of those in the first list once that is a minute old', () => {
    expect(minutely(1)(10)).toBeNull();
    expect(minutely(2)(10)).toBe(false);
    expect(minutely(100)(10)).toBe(false);
  });

  it('is the more likely one where lists are further apart', () => {
    const arrivals = trackArrivals();
    arrivals.note(10, 0);
    arrivals.note(20, 100_000);
    expect(arrivals.hasArrived(15, 100_005, MINUTE)).toBe(true);
    arrivals.note(30, 400_000);
    expect(arrivals.hasArrived(25, 400_005, MINUTE)).toBe(false);
  });

  it('is not known of one that no list has', () => {
    expect(minutely(3)(31)).toBeNull();
  });
});
