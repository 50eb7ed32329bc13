import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../../functions/core/policy/policy.ts';
import { historyMsOf, judgeLevels } from '../../../../functions/core/sampler/levels.ts';
import type { StoredSample } from '../../../../functions/core/sampler/stored-sample.ts';
import type { WarningName } from '../../../../functions/core/sampler/warnings.ts';
import type { RefusalKind } from '../../../../functions/core/server/snapshot.ts';
import { refusedAt, seenAt, unansweredAt } from '../../../support/a-sample.ts';
import { aPolicy } from '../../../support/a-session.ts';

const policy = aPolicy();
const MINUTE = 60_000;

/** A sample each minute with these usages. */
const minutely = (...usages: readonly number[]): StoredSample[] =>
  usages.map((usage, index) => seenAt(index * MINUTE, usage));
const names = (history: readonly StoredSample[], judged = policy) =>
  judgeLevels(history, judged).active.map(({ name }) => name);
const crossing = (history: readonly StoredSample[]) => judgeLevels(history, policy).crossing;

describe('the trigger', () => {
  it('is crossed by two samples running, and tells since when', () => {
    expect(crossing(minutely(50, 85))).toBeNull();
    expect(crossing(minutely(50, 85, 86))).toMatchObject({ level: 'trigger', since: MINUTE });
    expect(crossing(minutely(85, 50, 85))).toBeNull();
    expect(crossing(minutely(90, 90, 84.9))).toBeNull();
  });

  it('is not helped or hindered by a sample that could not tell', () => {
    const between = [seenAt(0, 88), unansweredAt(MINUTE, 'busy'), seenAt(2 * MINUTE, 88)];
    expect(crossing(between)).toMatchObject({ level: 'trigger', since: 0 });
    expect(crossing([seenAt(0, 88), seenAt(MINUTE, 88), refusedAt(2 * MINUTE, 'network')])).toBeNull();
  });

  it('forgets samples from before a silence', () => {
    expect(crossing([seenAt(0, 88), seenAt(10 * MINUTE, 88)])).toBeNull();
  });

  it('keeps the beginning of its run while the run goes on', () => {
    const since = [2, 3, 4, 5].map((length) => crossing(minutely(20, ...Array<number>(length).fill(90)))?.since);
    expect(new Set(since)).toEqual(new Set([MINUTE]));
  });
});

describe('critical', () => {
  it('is one sample at 95%', () => {
    expect(crossing(minutely(50, 94.9))).toBeNull();
    expect(crossing(minutely(50, 95))).toMatchObject({
      level: 'critical',
      reason: 'usage 95% (95 of 100), critical at 95%',
    });
  });

  it('is one login refused as full: an ordinary one, or the worker’s own', () => {
    expect(crossing([seenAt(0, 20, { isFull: true, canary: 'full' })])).toMatchObject({
      level: 'critical',
      reason: 'ordinary clients are refused as full; usage 20% (20 of 100)',
    });
    expect(crossing([refusedAt(0, 'full')])).toMatchObject({ level: 'critical', since: 0 });
  });

  it('is never under the trigger', () => {
    const late = aPolicy({ triggerPercent: 98 });
    expect(judgeLevels(minutely(96), late).crossing).toBeNull();
    expect(judgeLevels(minutely(98), late).crossing).toMatchObject({ level: 'critical' });
  });
});

describe('the warnings', () => {
  it('come at 80% for two minutes, on a schedule that is not on the second', () => {
    expect(names(minutely(80, 80))).toEqual([]);
    expect(names(minutely(80, 80, 80))).toEqual(['filling-up']);
    expect(names([seenAt(1_900, 80), seenAt(61_000, 80), seenAt(120_500, 80)])).toEqual(['filling-up']);
    expect(names(minutely(80, 79, 80, 80))).toEqual([]);
  });

  it('come with under 10% free for five minutes', () => {
    expect(names(minutely(91, 91, 91, 91, 91))).toEqual(['filling-up']);
    expect(names(minutely(91, 91, 91, 91, 91, 91))).toEqual(['filling-up', 'headroom-low']);
    expect(names(minutely(90, 90, 90, 90, 90, 90))).toEqual(['filling-up']);
  });

  /** So many long queries in each of several samples. */
  const withQueries = (longQueries: number, samples = 2) => {
    const activity = {
      longestQueryMs: 400_000,
      longestTransactionMs: 0,
      longQueries,
      blocked: 0,
      sessionsOpened: null,
      loginsRefused: null,
    };
    return Array.from({ length: samples }, (_, index) => seenAt(index * MINUTE, 10, { activity }));
  };

  it('come with more than five queries over five minutes old, for a minute', () => {
    expect(names(withQueries(5))).toEqual([]);
    expect(names(withQueries(6))).toEqual(['long-queries']);
  });

  it.each<[keyof Policy['levels'], number, readonly StoredSample[], readonly StoredSample[], WarningName]>([
    ['warnPercent', 60, minutely(59, 59, 59), minutely(60, 60, 60), 'filling-up'],
    ['warnSeconds', 240, minutely(80, 80, 80, 80), minutely(80, 80, 80, 80, 80), 'filling-up'],
    ['lowHeadroomPercent', 30, minutely(70, 70, 70, 70, 70, 70), minutely(71, 71, 71, 71, 71, 71), 'headroom-low'],
    ['lowHeadroomSeconds', 60, minutely(91), minutely(91, 91), 'headroom-low'],
    ['longQueriesSeconds', 180, withQueries(6, 3), withQueries(6, 4), 'long-queries'],
  ])('come as levels.%s says, here %d', (level, value, before, after, warning) => {
    const judged = aPolicy({ levels: { ...policy.levels, [level]: value } });
    expect(names(before, judged)).not.toContain(warning);
    expect(names(after, judged)).toContain(warning);
  });

  const lasting = (minutes: number, make: (at: number) => StoredSample) =>
    Array.from({ length: minutes + 1 }, (_, index) => make(index * MINUTE));

  it('come with a second responder session for ten minutes, outside incidents', () => {
    const ghost = (at: number) => seenAt(at, 10, { responderSessions: 2 });
    expect(names(lasting(9, ghost))).toEqual([]);
    expect(names(lasting(10, ghost))).toEqual(['ghost-session']);
    expect(names(lasting(10, (at) => ({ ...ghost(at), inIncident: true })))).toEqual([]);
  });

  it('come with a canary that fails for a reason of its own, and not because the house is full', () => {
    const broken = (canary: RefusalKind) => lasting(2, (at) => seenAt(at, 10, { canary, isFull: canary === 'full' }));
    expect(names(broken('authentication'))).toEqual(['canary-broken']);
    expect(names(broken('full'))).toEqual([]);
    expect(names(lasting(2, (at) => seenAt(at, 10, { canary: 'unknown' })))).toEqual([]);
  });

  it.each<RefusalKind>(['authentication', 'network', 'tls', 'starting', 'wrong-server', 'consumer-full'])(
    'come with a worker that is refused as %s for two minutes',
    (kind) => {
      expect(names(lasting(1, (at) => refusedAt(at, kind)))).toEqual([]);
      expect(names(lasting(2, (at) => refusedAt(at, kind)))).toEqual(['no-access']);
    },
  );

  it('come with a worker that gives no answer, and not with one that is busy', () => {
    expect(names(lasting(2, (at) => unansweredAt(at, 'failed')))).toEqual(['no-access']);
    expect(names(lasting(9, (at) => unansweredAt(at, 'busy')))).toEqual([]);
  });

  it('are clear only when ten minutes have shown nothing of them', () => {
    const cleared = (history: readonly StoredSample[]) => judgeLevels(history, policy).clear.includes('filling-up');
    const calm = Array<number>(10).fill(20);
    expect(cleared(minutely(81, ...calm))).toBe(false);
    expect(cleared(minutely(81, ...calm, 20))).toBe(true);
    expect(cleared(lasting(12, (at) => refusedAt(at, 'network')))).toBe(false);
  });
});

describe('over any history', () => {
  const kinds = fc.constantFrom<RefusalKind>('full', 'authentication', 'network', 'starting', 'too-late');
  const sample = (mostUsage: number) =>
    fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: 0, max: mostUsage, noNaN: true }).map((usage) => seenAt(0, usage)) },
      {
        weight: 1,
        arbitrary: fc
          .record({ responderSessions: fc.nat(3), canary: kinds })
          .map((one) => seenAt(0, 1, { ...one, isFull: false })),
      },
      { weight: 1, arbitrary: fc.constantFrom('busy', 'failed').map((result) => unansweredAt(0, result)) },
      { weight: 1, arbitrary: kinds.filter((kind) => kind !== 'full').map((kind) => refusedAt(0, kind)) },
    );
  const history = (mostUsage: number) =>
    fc
      .array(fc.tuple(sample(mostUsage), fc.integer({ min: 10_000, max: 200_000 })), { minLength: 1, maxLength: 40 })
      .map((steps) => {
        let at = 0;
        return steps.map(([one, gap]) => ({ ...one, at: (at += gap) }));
      });

  it('what only warns never asks for an incident', () => {
    fc.assert(
      fc.property(history(84.99), (samples) => {
        expect(judgeLevels(samples, policy).crossing).toBeNull();
      }),
    );
  });

  it('refused as full asks for one at once', () => {
    const last = fc.constantFrom(refusedAt(0, 'full'), seenAt(0, 3, { isFull: true, canary: 'full' }));
    fc.assert(
      fc.property(history(130), last, (samples, full) => {
        const at = (samples.at(-1)?.at ?? 0) + MINUTE;
        expect(judgeLevels([...samples, { ...full, at }], policy).crossing?.level).toBe('critical');
      }),
    );
  });

  it('no warning is standing and clear at once, and history older than the levels look back on changes nothing', () => {
    fc.assert(
      fc.property(history(130), (samples) => {
        const levels = judgeLevels(samples, policy);
        expect(levels.active.filter(({ name }) => levels.clear.includes(name))).toEqual([]);
        const last = samples.at(-1)?.at ?? 0;
        const needed = samples.filter(({ at }) => last - at <= historyMsOf(policy));
        const judged = judgeLevels(needed, policy);
        expect(judged.clear).toEqual(levels.clear);
        expect(judged.active.map(({ name }) => name)).toEqual(levels.active.map(({ name }) => name));
        expect(judged.crossing?.level).toBe(levels.crossing?.level);
      }),
    );
  });
});
