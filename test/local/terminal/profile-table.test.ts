import { expect, it } from 'vitest';
import { QUARTER_MS } from '../../../functions/core/usual/profile.ts';
import { tabulateProfile } from '../../../local/terminal/profile-table.ts';
import { aConsumer, aQuarter } from '../../support/a-profile.ts';

const HOUR = 4 * QUARTER_MS;
const DAY = 24 * HOUR;
/** At 10:20 of a day. */
const NOW = Date.UTC(2026, 0, 15, 10, 20);
const TEN = Date.UTC(2026, 0, 15, 10);

it('tells what each consumer held at this hour over the days, and within the last day', () => {
  const profile = [
    aQuarter(TEN - 9 * DAY, [aConsumer('old/', { most: 70, middle: 66 })]),
    aQuarter(TEN - DAY - QUARTER_MS, [aConsumer('web/', { most: 90, middle: 80, used: 60 })]),
    aQuarter(TEN - DAY, [aConsumer('web/', { most: 9, middle: 4, used: 8 })]),
    aQuarter(TEN - 7 * HOUR, [aConsumer('web/', { most: 30, middle: 20, used: 12 })]),
    aQuarter(TEN, [aConsumer('web/', { most: 7, middle: 3, used: 2 })]),
  ];
  const table = tabulateProfile(profile, NOW);
  expect(table).toEqual({
    hour: 10,
    quarters: 5,
    ofThisHour: 3,
    from: TEN - 9 * DAY,
    to: TEN + QUARTER_MS,
    nextAt: TEN + 2 * QUARTER_MS,
    consumers: [
      {
        name: 'old/',
        user: 'app',
        atThisHour: { low: 0, high: 70 },
        inLastDay: { low: 0, high: 0 },
        mostUsed: 0,
        lastSeen: TEN - 9 * DAY + QUARTER_MS,
      },
      {
        name: 'web/',
        user: 'app',
        // Nine days ago it was not there.
        atThisHour: { low: 0, high: 9 },
        inLastDay: { low: 3, high: 30 },
        mostUsed: 12,
        lastSeen: TEN + QUARTER_MS,
      },
    ],
  });
  expect(tabulateProfile(profile.slice(2), NOW).consumers).toMatchObject([{ atThisHour: { low: 3, high: 9 } }]);
});

it('knows nothing of an hour that no day has, and of no time at all without a profile', () => {
  const [row] = tabulateProfile([aQuarter(TEN - HOUR, [aConsumer('web/')])], NOW).consumers;
  expect(row).toMatchObject({ atThisHour: null, inLastDay: { low: 2, high: 2 } });
  expect(tabulateProfile([], NOW)).toMatchObject({ quarters: 0, from: null, to: null, consumers: [] });
});
