import axe from 'axe-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from 'vitest';
import type { TargetView } from '../../local/site/overview.ts';
import { overviewPage } from '../../local/site/page.ts';
import { startSite } from '../../local/site/server.ts';
import { createWatchFigures } from '../../local/site/figures.ts';
import { aPause } from '../support/a-pause.ts';
import { refusedAt, seenAt } from '../support/a-sample.ts';
import { many } from '../support/a-session.ts';
import { anIncident } from '../support/an-incident.ts';
import { startChromium, type Browser } from '../support/chromium.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await startChromium();
}, 300_000);
afterAll(() => browser.stop());

const NOW = Date.UTC(2026, 0, 1, 12);
const LONG = 'a-name-without-any-place-to-break-it-'.padEnd(63, 'x');

/** A target whose usage climbs for five hours, until nobody gets in; `name` is whatever a person or a client chose. */
function aView(name: string, changed: Partial<TargetView> = {}): TargetView {
  const samples = many(300, 0, (minute) => seenAt(NOW - (300 - minute) * 60_000, 20 + minute / 4));
  return {
    ...{ id: 'orders', engine: 'postgres', mode: 'act', triggerPercent: 85, reliefPercent: 70 },
    samples: [...samples, { ...refusedAt(NOW, 'network'), detail: name }],
    pause: aPause({ by: name, why: name }),
    incidents: [
      anIncident({ openedAt: NOW - 60_000 }),
      anIncident({ id: 'orders-2', status: 'closed', outcome: 'relieved' }),
    ],
    ...changed,
  };
}

const pageOf = (...views: readonly TargetView[]) => overviewPage(views, { now: NOW, commands: undefined }).toString();

describe('the page of a watch', () => {
  it.each([
    ['desk', 'light'],
    ['phone', 'dark'],
  ] as const)('has no fault that axe finds, on a %s in %s colours', async (device, scheme) => {
    const site = {
      page: () =>
        Promise.resolve(pageOf(aView(LONG), aView('x', { id: 'billing', samples: [], incidents: [], pause: null }))),
      metrics: () => Promise.resolve(''),
      figures: createWatchFigures([], '0'),
    };
    const server = await startSite(site, 0);
    onTestFinished(() => server.stop());
    const tab = await browser.tab(device);
    await tab.emulate(scheme);
    await tab.open(server.url);
    await tab.evaluate(axe.source);
    const faults = await tab.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join()))`,
    );
    expect(faults).toEqual([]);
    expect(tab.complaints).toEqual([]);
    expect(
      await tab.evaluate(
        '[document.scripts.length, document.documentElement.scrollWidth <= innerWidth, document.querySelectorAll("svg polyline").length]',
      ),
    ).toEqual([0, true, 1]);
  });

  it('says first how bad it is, and names commands as they are typed', () => {
    const page = pageOf(aView('x', { samples: [refusedAt(NOW - 5_000, 'full')] }));
    expect(page).toContain('1 target, 1 open incident');
    expect(page).toMatch(/<p class="bad">OUT of connections 5 s ago: clients are refused.<\/p>/);
    expect(page).toContain('<code>npx --no headroom incidents show orders-2</code>');
  });

  it('stays small, however many samples and targets there are', () => {
    const samples = many(4_320, 0, (step) => seenAt(NOW - step * 5_000, 50)).reverse();
    expect(pageOf(aView('x', { samples })).length).toBeLessThan(30_000);
  });
});

test('hostile words stay inert in the page', () => {
  const samplesOf = (detail: string) => [seenAt(NOW - 60_000, 50), { ...refusedAt(NOW, 'network'), detail }];
  const inert = pageOf(aView('x', { samples: samplesOf('x') }));
  const marks = (page: string) => page.match(/[<>]/g)?.length;
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '\u202egnp.exe',
      '</style><svg onload=x>',
      '&lt;',
    ),
  );
  fc.assert(
    fc.property(hostile, (name) => {
      const page = pageOf(aView(`x${name}`, { samples: samplesOf(`x${name}`) }));
      expect(marks(page)).toBe(marks(inert));
      expect(page).not.toMatch(/(?!\n)\p{Cc}|\p{Bidi_Control}/u);
    }),
    { numRuns: 40 },
  );
});
