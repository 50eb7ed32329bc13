import { describe, expect, it } from 'vitest';
import { readReturns } from '../../../../functions/core/server/returns.ts';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import { aSession, endedAt, many } from '../../../support/a-session.ts';

const NOW = 1_000_000;
const [LEAKY, POOL] = ['leaky', 'pool'].map((application) => consumerOf(aSession(1, { application }))) as [
  string,
  string,
];
const of = (application: string, count: number, first: number, connectedMs: number | null) =>
  many(count, first, (id) => aSession(id, { application, connectedMs }));
const lost = (sessions: number, agoMs = 10_000) => endedAt(NOW - agoMs, sessions);

describe('what became of ended sessions', () => {
  it('is told of each consumer by what it has opened since', () => {
    const sessions = [...of('leaky', 40, 1, 600_000), ...of('leaky', 5, 101, 8_000), ...of('pool', 9, 201, 3_000)];
    const returns = readReturns(
      sessions,
      NOW,
      new Map([
        [LEAKY, lost(20)],
        [POOL, lost(4)],
      ]),
    );
    expect(returns).toMatchObject({ ended: 24, back: 9, refilling: 9, vainSince: null });
    expect([LEAKY, POOL, 'nobody'].map(returns.shareOf)).toEqual([0.25, 1, 0]);
  });

  it('was in vain, since the first act, when most of all that were ended are replaced', () => {
    const sessions = [...of('leaky', 40, 1, 600_000), ...of('leaky', 19, 101, 8_000)];
    const returns = readReturns(
      sessions,
      NOW,
      new Map([
        [LEAKY, lost(20)],
        [POOL, lost(4, 15_000)],
      ]),
    );
    expect(returns).toMatchObject({ ended: 24, back: 19, refilling: 59, vainSince: NOW - 15_000 });
  });

  it('leaves out a pool that fills up again to its usual number, and still knows that it has', () => {
    const returns = readReturns(of('pool', 9, 1, 3_000), NOW, new Map([[POOL, lost(4)]]), {
      isAtUsual: () => true,
      isKnown: true,
    });
    expect(returns).toMatchObject({ ended: 0, back: 0, refilling: 0, vainSince: null });
    expect([returns.shareOf(POOL), returns.refillOf(POOL)]).toEqual([0, 1]);
  });

  it('still knows of a pool long after that it has replaced what it lost', () => {
    const returns = readReturns(of('pool', 9, 1, 590_000), NOW, new Map([[POOL, lost(9, 600_000)]]));
    expect([returns.refillOf(POOL), returns.shareOf(POOL)]).toEqual([1, 1]);
  });

  it('have not come back at once where they come one by one, however many they are in the end', () => {
    const oneByOne = Array.from({ length: 9 }, (_, index) => of('pool', 1, index, 60_000 * index + 1_000)).flat();
    const returns = readReturns(oneByOne, NOW, new Map([[POOL, lost(9, 540_000)]]));
    expect(returns.refillOf(POOL)).toBe(1);
    expect(returns.shareOf(POOL)).toBeLessThan(0.15);
  });

  it('counts those that were ended again: a few at a time, and each time they come back', () => {
    const acts = [60_000, 50_000, 40_000, 30_000, 20_000];
    const ended = { at: acts.map((ago) => NOW - ago), openedAt: acts.slice(0, -1).map((ago) => NOW - ago + 3_000) };
    const returns = readReturns(of('pool', 1, 1, 17_000), NOW, new Map([[POOL, ended]]));
    expect(returns).toMatchObject({ ended: 5, back: 5, vainSince: NOW - 60_000 });
    expect(
      readReturns(of('pool', 1, 1, 17_000), NOW, new Map([[POOL, { ...ended, openedAt: [] }]])).vainSince,
    ).toBeNull();
  });

  it('are in vain to end until nothing has come for 20 s, and four times as long after each try in vain', () => {
    const inVain = (tries: readonly number[], arrivedAgo: number) => {
      const ended = { at: tries.flatMap((ago) => Array<number>(5).fill(NOW - ago)), openedAt: [] };
      const came = tries.flatMap((ago, index) => of('pool', 5, 10 * index, Math.max(arrivedAgo, ago - 1_000)));
      return readReturns(came, NOW, new Map([[POOL, ended]])).inVainForMs(POOL);
    };
    expect(inVain([5_000], 4_000)).toBe(16_000);
    expect(inVain([21_000], 20_000)).toBe(0);
    // Acts a few seconds apart are one try.
    expect(inVain([10_000, 5_000], 4_000)).toBe(16_000);
    expect(inVain([30_000, 5_000], 4_000)).toBe(76_000);
    expect(inVain([200_000, 150_000, 5_000], 4_000)).toBe(316_000);
    // One that goes on coming has not had enough.
    const goesOn = (newest: number) => [...of('pool', 5, 1, 39_000), ...of('pool', 1, 9, newest)];
    const waits = (newest: number) =>
      readReturns(goesOn(newest), NOW, new Map([[POOL, lost(5, 40_000)]])).inVainForMs(POOL);
    expect([waits(5_000), waits(2_000)]).toEqual([15_000, Infinity]);
    const gains = readReturns(of('pool', 9, 1, 60_000), NOW, new Map([[POOL, lost(9)]]));
    expect(gains.inVainForMs(POOL)).toBe(0);
  });

  it('says nothing of a consumer that has lost two, nor of sessions whose age is not known', () => {
    const few = readReturns(of('pool', 9, 1, 1_000), NOW, new Map([[POOL, lost(2)]]));
    expect(few).toMatchObject({ ended: 0, back: 0, refilling: 0, vainSince: null });
    const unknown = readReturns(of('leaky', 9, 1, null), NOW, new Map([[LEAKY, lost(9)]]));
    expect(unknown).toMatchObject({ ended: 9, back: 0, refilling: 0, vainSince: null });
  });
});
