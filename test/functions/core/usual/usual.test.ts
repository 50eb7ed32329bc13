import { describe, expect, it } from 'vitest';
import { findUsual } from '../../../../functions/core/usual/find-usual.ts';
import { QUARTER_MS, quarterOf, type Quarter } from '../../../../functions/core/usual/profile.ts';
import { usualFrom, type UsualCount } from '../../../../functions/core/usual/usual.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 2, 17, 10, 40);

/** A profile of so many days: how many sessions each consumer had, all of them idle. */
function profileOf(
  days: number,
  sizeAt: (name: string, at: number) => number,
  { names = ['app/web'], until = NOW } = {},
): Quarter[] {
  const first = Math.floor((until - days * DAY) / QUARTER_MS) * QUARTER_MS;
  const quarters: Quarter[] = [];
  for (let at = first; at + QUARTER_MS <= until; at += QUARTER_MS) {
    const consumers = names.map((name) => {
      const most = sizeAt(name, at);
      return { name, user: 'app', idle: most, open: 0, busy: 0, most, middle: most, used: Math.min(most, 3) };
    });
    quarters.push({ at, samples: 15, consumers, rest: { consumers: 0, most: 0 } });
  }
  return quarters;
}

function usualOf(profile: readonly Quarter[], name = 'app/web', at = NOW): UsualCount | undefined {
  return usualFrom(profile, [], { at, climbAt: at })?.consumers[name];
}

describe('what is usual', () => {
  it('is what a pool has always held, whatever the hour', () => {
    expect(usualOf(profileOf(14, () => 50))).toMatchObject({ low: 50, all: 50, long: 50, used: 3 });
  });

  it('is by the hour: a batch that runs each night is usual at night and unusual by day', () => {
    const nightly = (_: string, at: number) => (new Date(at).getUTCHours() === 2 ? 40 : 0);
    const profile = profileOf(14, nightly);
    expect(usualOf(profile)?.all).toBe(0);
    expect(usualOf(profile, 'app/web', Date.UTC(2026, 2, 17, 2, 20))?.all).toBe(40);
  });

  it('takes in what is so on one weekday only', () => {
    const tuesdays = (_: string, at: number) =>
      new Date(at).getUTCDay() === 2 && Math.abs(new Date(at).getUTCHours() - 10) <= 1 && at < NOW - DAY ? 30 : 0;
    expect(usualOf(profileOf(14, tuesdays))?.all).toBe(30);
  });

  it('is not moved by a few odd days', () => {
    const odd = new Set([3, 8].map((daysAgo) => new Date(NOW - daysAgo * DAY).getUTCDate()));
    const profile = profileOf(14, (_, at) => (odd.has(new Date(at).getUTCDate()) ? 300 : 20));
    expect(usualOf(profile)?.all).toBe(20);
  });

  it('follows a pool that was made larger some days ago', () => {
    expect(usualOf(profileOf(14, (_, at) => (at > NOW - 2 * DAY ? 40 : 20)))?.all).toBe(40);
  });

  describe('on a weekday after a weekend', () => {
    const isWeekend = (at: number) => [0, 6].includes(new Date(at).getUTCDay());
    const monday = Date.UTC(2026, 2, 16, 10, 40);

    it('has not grown since the weekend', () => {
      const wednesday = monday + 2 * DAY;
      const profile = profileOf(4.6, (_, at) => (isWeekend(at) ? 8 : 40), { until: wednesday });
      expect(usualOf(profile, 'app/web', wednesday)).toMatchObject({ all: 40, long: 40 });
    });

    it('is what was held until an hour ago where only weekend days are on record', () => {
      const climbs = (_: string, at: number) => (isWeekend(at) ? 8 : 8 + (at - (monday - 4 * HOUR)) / (HOUR / 5));
      const profile = profileOf(1.6, (name, at) => Math.round(Math.max(8, climbs(name, at))), { until: monday });
      expect(usualOf(profile, 'app/web', monday)?.all).toBe(22);
      // Whether that is a habit nothing tells.
      expect(usualOf(profile, 'app/web', monday)?.settled).toBe(8);
      const longer = profileOf(8, (name, at) => Math.round(Math.max(8, climbs(name, at))), { until: monday });
      expect(usualOf(longer, 'app/web', monday)?.all).toBe(8);
    });
  });

  it('does not take a slow leak for usual: what has grown for days is over the long number', () => {
    const leak = (_: string, at: number) => Math.max(0, Math.round(60 * (1 - (NOW - at) / (7 * DAY))));
    const usual = usualOf(profileOf(14, leak));
    expect(usual?.long).toBeLessThanOrEqual(5);
    // By the day alone it nearly is, which is why there are several horizons.
    expect(usual?.all).toBeGreaterThan(50);
  });

  it('leaves out what came with the climb', () => {
    const climbAt = NOW - HOUR;
    const profile = profileOf(3, (_, at) => (at >= climbAt ? 90 : 10));
    expect(usualFrom(profile, [], { at: NOW, climbAt })?.consumers['app/web']?.all).toBe(10);
  });

  it('gives a user its number whatever its consumers are called', () => {
    const names = ['app/web-a', 'app/web-b'];
    const renamed = profileOf(14, (name, at) => ((name === 'app/web-a') === at < NOW - 7 * DAY ? 50 : 0), {
      names: names,
    });
    expect(usualFrom(renamed, [], { at: NOW, climbAt: NOW })?.users['app']?.all).toBe(50);
  });

  it('bounds those that a list of the largest did not name', () => {
    const profile = profileOf(2, () => 50).map((quarter) => ({ ...quarter, rest: { consumers: 9, most: 6 } }));
    const usual = usualFrom(profile, [], { at: NOW, climbAt: NOW });
    expect(usual?.unnamed).toBe(6);
  });

  describe('of a consumer that comes and goes', () => {
    /** One a minute for the last hour. */
    const samplesOf = (busyAt: (minute: number) => number) =>
      Array.from({ length: 60 }, (_, minute) => ({
        at: NOW - (60 - minute) * 60_000,
        inIncident: false,
        consumers: {
          largest: [{ name: 'app/web', user: 'app', idle: 0, open: 0, busy: busyAt(minute), arrived: null }],
          rest: { consumers: 0, sessions: 0 },
        },
      }));
    const quarterOfHour = (at: number) => new Date(at).getUTCMinutes() / 15;
    /** Each hour, but never in the two hours around this one. */
    const hourly = (_: string, at: number) =>
      quarterOfHour(at) === 3 && Math.abs(new Date(at).getUTCHours() - 10) > 1 ? 30 : 0;

    it('is at any hour what it has held and given back three times within a day', () => {
      expect(usualOf(profileOf(7, hourly))).toMatchObject({ low: 0, all: 30 });
      const often = samplesOf((minute) => (minute % 20 < 2 ? 30 : 0));
      const bySamples = usualFrom([], often, { at: NOW, climbAt: NOW });
      expect(bySamples?.consumers['app/web']).toMatchObject({ all: 30, busy: 30 });
      expect(
        usualFrom(
          profileOf(7, () => 0),
          often,
          { at: NOW, climbAt: NOW },
        )?.consumers['app/web']?.all,
      ).toBe(30);
    });

    it('is not what wobbles while it grows', () => {
      const growing = samplesOf((minute) => 500 + minute + 40 * (minute % 2));
      const usual = usualFrom(
        profileOf(7, () => 10),
        growing,
        { at: NOW, climbAt: NOW },
      );
      expect(usual?.consumers['app/web']?.all).toBe(10);
    });

    it('is not what it has held twice, nor what it still holds', () => {
      const twice = (name: string, at: number) =>
        [14, 20].includes(new Date(at).getUTCHours()) ? hourly(name, at) : 0;
      expect(usualOf(profileOf(7, twice))?.all).toBe(0);
      const growing = (_: string, at: number) => Math.max(0, 40 - Math.round((NOW - at) / QUARTER_MS));
      expect(usualOf(profileOf(7, growing))?.all).toBe(0);
    });

    it('is not what went while samples were left out: an incident may have ended it', () => {
      const whole = profileOf(7, hourly);
      const cut = whole.map((quarter) => ({ ...quarter, samples: quarterOfHour(quarter.at) === 0 ? 9 : 15 }));
      expect(usualOf(cut)?.all).toBe(0);
      expect(usualOf(whole.filter(({ at }) => quarterOfHour(at) !== 0))?.all).toBe(0);
    });
  });

  it('is not known from less than an hour of quarters and three samples', () => {
    expect(
      usualFrom(
        profileOf(0.02, () => 5),
        [],
        { at: NOW, climbAt: NOW },
      ),
    ).toBeNull();
  });
});

describe('without a profile', () => {
  const consumers = (idle: number) => ({
    largest: [{ name: 'app/web', user: 'app', idle, open: 0, busy: 0, arrived: null }],
    rest: { consumers: 0, sessions: 0 },
  });
  const sample = (secondsAgo: number, used: number) => ({
    at: NOW - 1000 * secondsAgo,
    inIncident: false,
    isFull: used >= 100,
    usage: used,
    used,
    consumers: consumers(used),
  });
  const moment = { at: NOW, used: 100, need: 30, triggerPercent: 85, clients: [] };

  it('the samples before the climb tell', () => {
    const samples = [300, 240, 180, 120].map((ago) => sample(ago, 20)).concat(sample(60, 70), sample(10, 98));
    const usual = findUsual({ profile: [], samples }, moment);
    expect(usual).toMatchObject({ basis: 'samples', consumers: { 'app/web': { all: 20 } } });
  });

  it('samples of a server that is full already tell nothing', () => {
    const samples = [300, 240, 180, 120, 60].map((ago) => sample(ago, 99));
    expect(findUsual({ profile: [], samples }, moment).basis).toBe('arrivals');
  });
});

describe('an hour that the profile seldom sees', () => {
  const days = profileOf(10, () => 20);
  const without = (hours: number) =>
    days.filter(({ at }) => at % DAY < NOW % DAY || at % DAY > (NOW % DAY) + hours * HOUR);

  it('is less sure: the server is at the trigger each day then', () => {
    expect(usualFrom(without(1), [], { at: NOW, climbAt: NOW })?.isSeldomSeen).toBe(true);
    expect(usualFrom(days, [], { at: NOW, climbAt: NOW })?.isSeldomSeen).toBe(false);
  });

  it('tells nothing of consumers that are there at no other hour', () => {
    const names = ['app/web', 'app/report'];
    const reports = (name: string, at: number) => (name === 'app/web' || new Date(at).getUTCHours() === 9 ? 20 : 0);
    const profile = profileOf(10, reports, { names }).filter(
      ({ at }) => at % DAY < NOW % DAY || at % DAY > (NOW % DAY) + HOUR,
    );
    const seen = profile.map((quarter) => ({
      ...quarter,
      consumers: quarter.consumers.filter(({ most }) => most > 0),
    }));
    expect(usualFrom(seen, [], { at: NOW, climbAt: NOW })?.unsure).toEqual(['app/report']);
  });

  it('may miss bursts where samples of it are left out on most days', () => {
    const cutAt = (quarter: number, leftOut: number) =>
      usualFrom(
        days.map((each) => (each.at % DAY === quarter % DAY ? { ...each, leftOut } : each)),
        [],
        { at: NOW, climbAt: NOW },
      );
    const [present, next] = [quarterOf(NOW), quarterOf(NOW) + QUARTER_MS];
    expect(cutAt(present, 1)).toMatchObject({ missesBursts: true, isSeldomSeen: false });
    expect(cutAt(next, 1)?.missesBursts).toBe(true);
    expect(cutAt(next, 0)?.missesBursts).toBeUndefined();
    expect(cutAt(next + QUARTER_MS, 1)?.missesBursts).toBeUndefined();
  });

  it('is as sure as any after one day without samples', () => {
    const gap = days.filter(({ at }) => at < NOW - 2 * DAY || at > NOW - DAY);
    expect(usualFrom(gap, [], { at: NOW, climbAt: NOW })?.isSeldomSeen).toBe(false);
  });
});
