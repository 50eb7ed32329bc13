import { describe, expect, it } from 'vitest';
import { perMinute, turnoverSince } from '../../../../functions/core/cause/counters.ts';
import type { StoredSample } from '../../../../functions/core/sampler/stored-sample.ts';
import type { Activity } from '../../../../functions/core/server/snapshot.ts';
import { seenAt } from '../../../support/a-sample.ts';
import { aSnapshot } from '../../../support/a-session.ts';

const NOW = 1_000_000;
const IDLE: Activity = { ...aSnapshot(100, []).activity, loginsRefused: null };
const counting = (sessionsOpened: number, countedSince?: string | null): Activity => ({
  ...IDLE,
  sessionsOpened,
  ...(countedSince !== undefined && { countedSince }),
});
const sampled = (secondsAgo: number, activity: Activity): StoredSample =>
  seenAt(NOW - 1000 * secondsAgo, 50, { activity });
const now = (activity: Activity) => aSnapshot(100, [], { at: NOW, activity });

const rate = (samples: readonly StoredSample[], activity: Activity) =>
  perMinute('sessionsOpened', samples, now(activity), 60_000);

describe('a counter of the server', () => {
  it('grows by so much a minute', () => {
    expect(rate([sampled(120, counting(100)), sampled(60, counting(150))], counting(180))).toBe(30);
  });

  it('that goes back was set back, also when it has grown past an earlier count since', () => {
    expect(rate([sampled(60, counting(500))], counting(20))).toBeNull();
    expect(rate([sampled(90, counting(100)), sampled(60, counting(5)), sampled(30, counting(10))], counting(400))).toBe(
      395,
    );
    expect(rate([sampled(120, counting(100)), sampled(30, counting(500))], counting(400))).toBeNull();
  });

  it('that counts from another time on is not compared, whichever way it went', () => {
    expect(rate([sampled(60, counting(100, 'then'))], counting(5_995, 'later'))).toBeNull();
    expect(rate([sampled(60, counting(100, null))], counting(160, 'later'))).toBeNull();
    expect(rate([sampled(60, counting(100, 'then'))], counting(160, 'then'))).toBe(60);
    // Samples of an earlier version do not say.
    expect(rate([sampled(60, counting(100))], counting(160, 'then'))).toBe(60);
  });

  it('that was set back since says nothing of the sessions that have not stayed', () => {
    const before = [sampled(600, counting(100, 'then'))];
    expect(turnoverSince(NOW - 300_000, 10, before, now(counting(200, 'then')))).toBe(0.9);
    expect(turnoverSince(NOW - 300_000, 10, before, now(counting(200, 'later')))).toBeNull();
    expect(turnoverSince(NOW - 300_000, 10, before, now(counting(50, 'then')))).toBeNull();
  });
});
