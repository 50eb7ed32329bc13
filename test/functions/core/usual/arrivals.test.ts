import { describe, expect, it } from 'vitest';
import { usualFromArrivals } from '../../../../functions/core/usual/arrivals.ts';
import { aSession, many } from '../../../support/a-session.ts';

const opened = (id: number, application: string, secondsAgo: number) =>
  aSession(id, { application, connectedMs: 1000 * secondsAgo, stateMs: 1000 * secondsAgo - 20 });
/** On MySQL and MariaDB nothing shows when a session came, but that later ones have greater ids. */
const withoutTimes = (id: number, application: string) =>
  aSession(id, { application, connectedMs: null, stateMs: 1_000, queryMs: 1_000 });

describe('who came last', () => {
  const pool = many(50, 1, (id) => opened(id, 'checkout', 300));
  const leak = many(45, 101, (id) => opened(id, 'export', 1 + (145 - id) * 1.5));

  it('is the cause: a leak beside an older pool', () => {
    const usual = usualFromArrivals([...pool, ...leak], 28);
    expect(usual.basis).toBe('arrivals');
    expect(usual.consumers['app/export']?.all ?? 0).toBeLessThanOrEqual(2);
    expect(usual.consumers['app/checkout']?.all).toBe(50);
  });

  it('is told by the order of ids where no times show', () => {
    const sessions = [
      ...many(50, 1_000, (id) => withoutTimes(id, 'checkout')),
      ...many(45, 9_000, (id) => withoutTimes(id, 'export')),
    ];
    const usual = usualFromArrivals(sessions, 28);
    expect(usual.consumers).toMatchObject({ 'app/export': { all: 0 }, 'app/checkout': { all: 50 } });
  });

  it('is nobody in particular where sessions came evenly for longer than pools keep them', () => {
    const even = (from: number, application: string) =>
      many(45, from, (id) => opened(id, application, 1 + 40 * (id - from)));
    const usual = usualFromArrivals([...even(1, 'a'), ...even(101, 'b'), ...even(201, 'c')], 30);
    expect(usual.unsure.length).toBeGreaterThan(0);
    expect(usual.consumers).not.toHaveProperty('app/a');
  });

  it('is the consumer without which there is no relief, whatever else is known', () => {
    const all = many(90, 1, (id) => opened(id, 'only', 3_600));
    const usual = usualFromArrivals([...all, ...many(5, 200, (id) => opened(id, 'other', 7_200))], 30);
    expect(usual.dominant).toEqual(['app/only']);
  });

  it('is not a few short-lived sessions that always come last', () => {
    const short = many(6, 301, (id) => opened(id, 'lambda', 2));
    const usual = usualFromArrivals([...pool, ...leak, ...short], 28);
    expect(usual.consumers['app/lambda']?.all).toBe(6);
    expect(usual.consumers['app/export']?.all ?? 0).toBeLessThanOrEqual(2);
  });

  describe('where logins are under way', () => {
    const loggingIn = (from: number, secondsAgo: number) =>
      many(21, from, (id) =>
        aSession(id, { user: null, application: '', state: 'starting', connectedMs: 1000 * secondsAgo }),
      );
    const shop = many(8, 1, (id) => opened(id, 'shop', 20));
    // They leave after two seconds and come again.
    const storm = many(29, 101, (id) => opened(id, 'storm', 1 + 0.1 * (id - 101)));

    it('is who got in beside them, whose next ones they are', () => {
      const usual = usualFromArrivals([...shop, ...storm, ...loggingIn(201, 2)], 18);
      expect(usual.consumers['app/storm']?.all).toBe(0);
      expect(usual.consumers['app/shop']?.all).toBe(8);
    });

    it('is they, where nobody got in meanwhile, or they take longer than a login takes', () => {
      for (const [others, secondsAgo] of [
        [shop, 4],
        [[...shop, opened(9, 'shop', 1)], 30],
      ] as const) {
        const usual = usualFromArrivals([...others, ...loggingIn(201, secondsAgo)], 18);
        expect(usual.consumers['app/shop']?.all).toBe(others.length);
      }
    });
  });
});
