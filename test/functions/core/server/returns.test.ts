import { describe, expect, it } from 'vitest';
import { readReturns } from '../../../../functions/core/server/returns.ts';
import { consumerOf } from '../../../../functions/core/server/consumer.ts';
import { aSession, many } from '../../../support/a-session.ts';

const NOW = 1_000_000;
const [LEAKY, POOL] = ['leaky', 'pool'].map((application) => consumerOf(aSession(1, { application }))) as [
  string,
  string,
];
const of = (application: string, count: number, first: number, connectedMs: number | null) =>
  many(count, first, (id) => aSession(id, { application, connectedMs }));
const lost = (sessions: number, agoMs = 10_000) => ({ sessions, since: NOW - agoMs });

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
    const returns = readReturns(of('pool', 9, 1, 3_000), NOW, new Map([[POOL, lost(4)]]), () => true);
    expect(returns).toMatchObject({ ended: 0, back: 0, refilling: 0, vainSince: null });
    expect([returns.shareOf(POOL), returns.refillOf(POOL)]).toEqual([0, 1]);
  });

  it('still knows of a pool long after that it has replaced what it lost', () => {
    const returns = readReturns(of('pool', 9, 1, 590_000), NOW, new Map([[POOL, lost(9, 600_000)]]));
    expect(returns.refillOf(POOL)).toBe(1);
    expect(returns.shareOf(POOL)).toBeLessThan(0.1);
  });

  it('says nothing of a consumer that has lost two, nor of sessions whose age is not known', () => {
    const few = readReturns(of('pool', 9, 1, 1_000), NOW, new Map([[POOL, lost(2)]]));
    expect(few).toMatchObject({ ended: 0, back: 0, refilling: 0, vainSince: null });
    const unknown = readReturns(of('leaky', 9, 1, null), NOW, new Map([[LEAKY, lost(9)]]));
    expect(unknown).toMatchObject({ ended: 9, back: 0, refilling: 0, vainSince: null });
  });
});
