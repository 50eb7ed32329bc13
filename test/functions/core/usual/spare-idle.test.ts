import { describe, expect, it } from 'vitest';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import { readLockQueues } from '../../../../functions/core/server/locks.ts';
import { NO_RETURNS, type Returns } from '../../../../functions/core/server/returns.ts';
import type { Session } from '../../../../functions/core/server/session.ts';
import { readDepartures } from '../../../../functions/core/usual/departure.ts';
import { spareIdle } from '../../../../functions/core/usual/spare-idle.ts';
import { JUST_LOOKED } from '../../../../functions/core/usual/turnover.ts';
import { NO_USUAL } from '../../../../functions/core/usual/usual.ts';
import { aPolicy, aSession, many } from '../../../support/a-session.ts';
import { aUsual } from '../../../support/a-usual.ts';

const MINUTE = 60_000;
const pool = (application: string, count: number, first: number, idleMs: number) =>
  many(count, first, (id) => aSession(id, { application, stateMs: idleMs + id }));

const cold = pool('cold', 30, 1, 600 * MINUTE);
const warm = pool('warm', 40, 101, 20 * MINUTE);

function spareOf(
  sessions: readonly Session[],
  { most = 100, returns = NO_RETURNS, policy = aPolicy() }: { most?: number; returns?: Returns; policy?: object } = {},
): string[] {
  const consumers = Object.fromEntries(
    [...Map.groupBy(sessions, consumerOf)].map(([name, own]) => [name, aUsual(own.length, 8)]),
  );
  const usual = { ...NO_USUAL, basis: 'profile' as const, consumers };
  const whole = { ...aPolicy(), ...policy };
  const departures = readDepartures(sessions, usual, {
    locks: readLockQueues(sessions),
    policy: whole,
    isRefused: false,
    need: most,
    since: JUST_LOOKED,
  });
  return spareIdle(sessions, most, { departures, policy: whole, returns }).map(consumerOf);
}

const countOf = (names: readonly string[], application: string) =>
  names.filter((name) => name.endsWith(`/${application}`)).length;

describe('spare idle sessions', () => {
  it('are what a pool holds beyond what it has used at once within a day, and a margin', () => {
    expect(countOf(spareOf(cold), 'cold')).toBe(30 - 12);
    expect(spareOf(cold, { policy: { collateral: 'none' } })).toEqual([]);
  });

  it('are the longest idle of all pools, and no more than must come free', () => {
    const chosen = spareOf([...cold, ...warm], { most: 20 });
    expect([chosen.length, countOf(chosen, 'cold'), countOf(chosen, 'warm')]).toEqual([20, 18, 2]);
  });

  it('are none of a pool that has replaced those that it lost', () => {
    const refilled: Returns = { ...NO_RETURNS, refillOf: (consumer) => (consumer.endsWith('/cold') ? 1 : 0) };
    const chosen = spareOf([...cold, ...warm], { returns: refilled });
    expect([countOf(chosen, 'cold'), countOf(chosen, 'warm')]).toEqual([0, 28]);
  });
});
