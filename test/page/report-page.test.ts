import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../functions/core/pages/report-page.ts';
import type { IncidentRecord } from '../../functions/core/report/record.ts';
import { reportOn } from '../../functions/core/report/report.ts';
import { ALARM_AT, aHostileRecord, aRecord } from '../support/a-record.ts';
import { pictureFile, violationsOf } from '../support/axe.ts';
import { startChromium, type Browser, type Device, type Tab } from '../support/chromium.ts';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headroom-test-'));
  browser = await startChromium();
}, 300_000);
afterAll(async () => {
  await browser.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The report as the command writes it: a file. */
async function show(record: IncidentRecord, device: Device): Promise<Tab> {
  const file = join(folder, 'report.html');
  writeFileSync(file, reportPage(reportOn(record, ALARM_AT + 6 * 3_600_000)).toString());
  const tab = await browser.tab(device);
  await tab.open(pathToFileURL(file).href);
  return tab;
}

const sideways = (tab: Tab) =>
  tab.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describe('the report, in a real browser', () => {
  it.each(['phone', 'desk'] as const)('can be read by everybody, in light and dark: %s', async (device) => {
    const tab = await show(aRecord(), device);
    for (const media of ['light', 'dark'] as const) {
      await tab.emulate(media);
      await tab.picture(pictureFile(`report-${device}-${media}`));
    }
    // What is folded counts too.
    await tab.evaluate('document.querySelectorAll("details").forEach((each) => (each.open = true))');
    expect(await violationsOf(tab)).toEqual([]);
    await tab.emulate('light');
    expect(await violationsOf(tab, ['color-contrast'])).toEqual([]);
    expect(await sideways(tab)).toBe(0);
    expect(tab.complaints).toEqual([]);
    // A chart of its own for each width, and letters that can be read.
    const sizes = await tab.evaluate(`[...document.querySelectorAll('svg')].filter((svg) => svg.clientWidth > 0)
      .map((svg) => 12 * svg.clientWidth / svg.viewBox.baseVal.width)`);
    expect(Math.min(...(sizes as number[]))).toBeGreaterThanOrEqual(11.5);
  });

  it('prints what is folded on the screen', async () => {
    const tab = await show(aRecord(), 'desk');
    await tab.emulate('print');
    const folded = await tab.evaluate(`[...document.querySelectorAll('details')]
      .filter((each) => each.clientHeight < each.querySelector('summary').clientHeight + 20).length`);
    expect(folded).toBe(0);
    await tab.picture(pictureFile('report-print'));
  });

  it('shows hostile names as text, and neither runs nor loads anything', async () => {
    const tab = await show(aHostileRecord(), 'narrow');
    const facts = await tab.evaluate(`({
      pwned: typeof pwned,
      scripts: document.scripts.length,
      loads: document.querySelectorAll('img, iframe, link, object, embed, form, [src], [href], [style]').length,
      links: document.links.length,
      wide: document.documentElement.scrollWidth - innerWidth,
    })`);
    expect(facts).toEqual({ pwned: 'undefined', scripts: 0, loads: 0, links: 0, wide: 0 });
    expect(String(await tab.evaluate('document.body.innerText'))).toContain('<script>pwned=1</script>');
    await tab.evaluate(`{
      const script = document.createElement('script');
      script.textContent = 'window.ran = 1';
      document.body.append(script);
    }`);
    expect(await tab.evaluate('typeof window.ran')).toBe('undefined');
  });
});
