import { describe, expect, it } from 'vitest';
import { readLockQueues } from '../../../../functions/core/server/locks.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { readDepartures } from '../../../../functions/core/usual/departure.ts';
import { finishesWithin, JUST_LOOKED, takeFirstLook } from '../../../../functions/core/usual/turnover.ts';
import { NO_USUAL } from '../../../../functions/core/usual/usual.ts';
import { active, aPolicy, aSession, many } from '../../../support/a-session.ts';

const SECOND = 1_000;
const THEN = 1_700_000_000_000;
const AGO = 600 * SECOND;
const NAME = 'app/batch';

/** A query that began so long ago, in a session that has been there for an hour. */
const query = (id: number, queryMs: number, changed: Partial<Session> = {}) =>
  active(id, { application: 'batch', connectedMs: 3_600_000, queryMs, ...changed });

const first = [
  ...many(40, 1, (id) => query(id, 60 * SECOND)),
  ...many(10, 41, (id) => aSession(id, { application: 'batch' })),
];
const firstLook = takeFirstLook(first, [NAME], THEN);

function finishes(now: readonly Session[], cancelled = 0): number {
  return finishesWithin(NAME, now, {
    ...JUST_LOOKED,
    firstLook,
    now: THEN + AGO,
    cancelled: new Map(cancelled === 0 ? [] : [[NAME, cancelled]]),
  });
}

describe('work that finishes', () => {
  const rested = many(10, 41, (id) =>
    aSession(id, { application: 'batch', connectedMs: 3_600_000, stateMs: 3_000_000 }),
  );
  const stuck = (count: number, from: number) => many(count, from, (id) => query(id, AGO + 60 * SECOND));
  const anew = (count: number, from: number) => many(count, from, (id) => query(id, 90 * SECOND));

  it('shows in sessions that have begun anew since the first look', () => {
    expect(finishes([...rested, ...anew(25, 1), ...stuck(15, 26)])).toBeGreaterThan(AGO + 60 * SECOND);
  });

  it('does not show where most are still on the query of the first look', () => {
    expect(finishes([...rested, ...anew(14, 1), ...stuck(26, 15)])).toBe(0);
  });

  it('does not show in a session that was at rest at the first look and has a query now', () => {
    expect(finishes([...many(10, 41, (id) => query(id, 90 * SECOND)), ...stuck(5, 1)])).toBe(0);
  });

  it('does not show in sessions that came later', () => {
    const later = many(30, 101, (id) => query(id, 5 * SECOND, { connectedMs: 60 * SECOND }));
    expect(finishes([...rested, ...later, ...stuck(20, 1)])).toBe(0);
    // MySQL and MariaDB do not show when those came that nobody has watched; their ids do.
    const unwatched = later.map((session) => ({ ...session, connectedMs: null }));
    expect(finishes([...rested, ...unwatched, ...stuck(20, 1)])).toBe(0);
  });

  it('does not show in queries that Headroom has cancelled', () => {
    expect(finishes([...rested, ...anew(25, 1), ...stuck(15, 26)], 25)).toBe(0);
  });

  it('shows nothing at the first look', () => {
    const since = { ...JUST_LOOKED, now: THEN };
    expect(finishesWithin(NAME, first, since)).toBe(0);
  });

  it('makes no suspects of a consumer over its usual number, but of a query far longer than the others', () => {
    const runaway = query(40, 12 * 3_600 * SECOND, { connectedMs: 13 * 3_600 * SECOND });
    const now = [...rested, ...anew(30, 1), ...stuck(9, 31), runaway];
    const since = { ...JUST_LOOKED, firstLook, now: THEN + AGO };
    const nothing = { ...NO_USUAL, basis: 'profile' as const };
    const locks = readLockQueues(now);
    const { suspects, standingOf, departed } = readDepartures(now, nothing, {
      locks,
      policy: aPolicy(),
      isRefused: false,
      need: 10,
      since,
    });
    const busy = now.filter(({ state }) => state === 'active');
    expect(busy.filter((session) => suspects.has(session))).toEqual([runaway]);
    expect(busy.filter((session) => standingOf(session) === 'at-work')).toHaveLength(39);
    expect(departed.size).toBe(now.length);
  });
});
