import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agesOf, withPossibleTime } from '../../../../../functions/engines/mysql/sessions/ages.ts';
import { trackArrivals } from '../../../../../functions/engines/mysql/sessions/memory/arrivals.ts';
import { trackSleepers } from '../../../../../functions/engines/mysql/sessions/memory/sleepers.ts';
import type { ProcessRow, StatementRow } from '../../../../../functions/engines/mysql/sessions/usage.sql.ts';

const process: ProcessRow = {
  id: 1,
  user: 'app',
  host: 'h:1',
  database: null,
  command: 'Sleep',
  doing: '',
  seconds: 10,
  began_at: 0,
  exact_ms: null,
  query_id: null,
  statement: null,
};
const ran: StatementRow = {
  thread: 1,
  event: 7,
  ended: 1,
  began_ms: 10_200,
  ended_ms: 7_100,
  took_ms: 3_100,
  statement: null,
};

const UNWATCHED = { asleepMs: null, atWorkMs: null };

test('exact times are taken where there are any', () => {
  expect(agesOf(process, ran, true, UNWATCHED)).toEqual({ stateMs: 7_100, queryMs: 10_200 });
  expect(agesOf(process, { ...ran, ended: 0 }, false, UNWATCHED)).toEqual({ stateMs: 10_200, queryMs: 10_200 });
  expect(agesOf({ ...process, exact_ms: 2_500.4 }, undefined, true, UNWATCHED)).toEqual({
    stateMs: 2_500,
    queryMs: null,
  });
});

test('whole seconds are taken for the least they can mean', () => {
  expect(agesOf(process, undefined, false, UNWATCHED)).toEqual({ stateMs: 9_000, queryMs: 9_000 });
  expect(agesOf({ ...process, seconds: 0 }, undefined, false, UNWATCHED).stateMs).toBe(0);
});

test('in a transaction a session is asleep no longer than it was watched', () => {
  expect(agesOf(process, undefined, true, { asleepMs: 2_000, atWorkMs: null }).stateMs).toBe(2_000);
  expect(agesOf(process, undefined, true, { asleepMs: 60_000, atWorkMs: null }).stateMs).toBe(9_000);
});

test('a session that was seen at work has been idle no longer than that', () => {
  expect(agesOf(process, undefined, true, { asleepMs: null, atWorkMs: 4_000 })).toEqual({
    stateMs: 4_000,
    queryMs: 9_000,
  });
  expect(agesOf(process, undefined, false, { asleepMs: null, atWorkMs: 4_000 }).stateMs).toBe(9_000);
});

test('a TIME that cannot be is none', () => {
  const startedAt = 1_000_000;
  const at = (seconds: number) => ({ ...process, seconds, began_at: startedAt + 3_600 - seconds });
  const possible = (seconds: number, connectedMs: number | null) =>
    withPossibleTime(at(seconds), connectedMs, startedAt).seconds;
  expect([0, 10, 3_600].map((seconds) => possible(seconds, null))).toEqual([0, 10, 3_600]);
  expect([-2, 3_603, 96_067_960].map((seconds) => possible(seconds, null))).toEqual([null, null, null]);
  expect([58, 63].map((seconds) => possible(seconds, 60_000))).toEqual([58, null]);
  expect(withPossibleTime(at(-5), null, startedAt).began_at).toBeNull();
  expect(agesOf({ ...process, seconds: null }, undefined, true, { asleepMs: 50_000, atWorkMs: 40_000 })).toEqual({
    stateMs: null,
    queryMs: null,
  });
});

test('a clock that started over leaves the whole seconds, less what the statement took', () => {
  const wrapped = { ...ran, began_ms: -4, ended_ms: -5 };
  expect(agesOf(process, wrapped, true, UNWATCHED)).toEqual({ stateMs: 9_000 - 3_100, queryMs: 9_000 });
  expect(agesOf(process, { ...wrapped, took_ms: null }, true, UNWATCHED).stateMs).toBe(0);
});

test('a session has been connected since the last list without it, at most; before the first nobody knows', () => {
  const arrivals = trackArrivals();
  arrivals.note(10, 1_000);
  arrivals.note(15, 3_000);
  arrivals.note(30, 60_000);
  expect(arrivals.connectedMs(10, 61_000)).toBeNull();
  expect(arrivals.connectedMs(11, 61_000)).toBe(60_000);
  expect(arrivals.connectedMs(15, 61_000)).toBe(60_000);
  expect(arrivals.connectedMs(16, 61_000)).toBe(58_000);
});

test('sleepers are never said to have slept longer than they have, whatever they did between two looks', () => {
  /** One session's life: statements, each after a pause, in milliseconds; it sleeps in between. */
  const life = fc.array(fc.record({ pause: fc.nat(9_000), work: fc.nat(9_000) }), { minLength: 1, maxLength: 8 });
  const looks = fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(life, looks, fc.nat(999), (statements, steps, offset) => {
      const sleepers = trackSleepers();
      let now = 1_000_000 + offset;
      for (const step of steps) {
        now += step;
        const state = stateAt(statements, now);
        if (state === null) continue;
        const second = Math.floor(now / 1000);
        const began = Math.floor(state.beganAt / 1000);
        const row = { id: 1, began_at: began, seconds: second - began };
        if (state.isAsleep) sleepers.note([row], [], now);
        else sleepers.note([], [1], now);
        const said = sleepers.asleepMs(1, now);
        expect(said).toBeLessThanOrEqual(state.isAsleep ? now - state.endedAt : 0);
      }
    }),
    { numRuns: 500 },
  );
});

/** When the last statement began and ended; null before the first. */
function stateAt(statements: readonly { readonly pause: number; readonly work: number }[], now: number) {
  let at = 1_000_000;
  let last: { beganAt: number; endedAt: number } | null = null;
  for (const { pause, work } of statements) {
    if (at + pause > now) break;
    last = { beganAt: at + pause, endedAt: at + pause + work };
    at = last.endedAt;
  }
  return last === null ? null : { ...last, isAsleep: last.endedAt <= now };
}
