import { expect, it } from 'vitest';
import { newestLook } from '../../../../functions/core/sampler/newest-look.ts';
import { seenAt } from '../../../support/a-sample.ts';

const NOW = Date.UTC(2026, 10, 21, 3, 0, 5);
const MINUTE = 60_000;

function holding(consumers: Readonly<Record<string, number>>) {
  const largest = Object.entries(consumers).map(([name, idle]) => {
    return { name, user: name.split('/')[0] ?? '', idle, open: 0, busy: 0, arrived: 0 };
  });
  return { consumers: { largest, rest: { consumers: 0, sessions: 0 } } };
}

it('names those who grew since before the climb, then the largest', () => {
  const full = seenAt(NOW, 95, holding({ 'shop/web': 50, 'jobs/batch': 20, 'leaky/worker': 15, 'new/report': 6 }));
  const calm = seenAt(NOW - 10 * MINUTE, 60, holding({ 'shop/web': 49, 'jobs/batch': 20, 'leaky/worker': 2 }));
  const holdersOf = (samples: Parameters<typeof newestLook>[0]) =>
    newestLook(samples, { now: NOW, triggerPercent: 85 })?.holders;
  expect(holdersOf([calm, full])).toEqual([
    { name: 'leaky/worker', now: 15, before: 2 },
    { name: 'new/report', now: 6, before: 0 },
  ]);
  expect(holdersOf([full])).toEqual([
    { name: 'shop/web', now: 50, before: null },
    { name: 'jobs/batch', now: 20, before: null },
  ]);
});
