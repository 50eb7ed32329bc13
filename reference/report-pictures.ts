import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import { reportPage } from '../functions/core/pages/report-page.ts';
import { reportOn } from '../functions/core/report/report.ts';
import { ALARM_AT, aRecord } from '../test/support/a-record.ts';
import { startChromium } from '../test/support/chromium.ts';

/** Pictures of the top of a report, for the README. */
export const PICTURES = {
  light: 'docs/images/report-light.png',
  dark: 'docs/images/report-dark.png',
} as const;

const ROOT = join(import.meta.dirname, '..');
/** Where a PNG's own header ends: texts may stand there. */
const AFTER_HEADER = 33;
const KEYWORD = 'Source';

function page(): string {
  return reportPage(reportOn(aRecord(), ALARM_AT + 6 * 3_600_000)).toString();
}

/** What stands for that part of the page which a picture shows: its summary and its first section, the chart. */
export function shownPart(): string {
  const [summary = '', chart = ''] = page().split('<section>');
  return createHash('sha256').update(`${summary}${chart}`).digest('hex');
}

/** The part of a page that a picture was drawn from: no two browsers draw the same bytes. Null when it does not say. */
export function drawnFrom(png: Buffer): string | null {
  const found = new RegExp(`tEXt${KEYWORD}\\0([0-9a-f]{64})`).exec(png.toString('latin1'));
  return found?.[1] ?? null;
}

function markedAs(png: Buffer, source: string): Buffer {
  const content = Buffer.from(`tEXt${KEYWORD}\0${source}`, 'latin1');
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length - 4);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([png.subarray(0, AFTER_HEADER), length, content, sum, png.subarray(AFTER_HEADER)]);
}

/** From the top of the page down to what comes after the chart and its legend, as wide as a README shows it. */
const AREA = `(() => {
  const { width } = document.body.getBoundingClientRect();
  const next = document.querySelector('section h3').getBoundingClientRect();
  return { x: document.body.getBoundingClientRect().x, y: 0, width, height: next.y + scrollY, scale: 0.8 };
})()`;

async function drawPictures(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'headroom-pictures-'));
  const browser = await startChromium();
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, page());
    const tab = await browser.tab();
    await tab.open(pathToFileURL(file).href);
    for (const media of ['light', 'dark'] as const) {
      const drawn = join(folder, `${media}.png`);
      await tab.emulate(media);
      await tab.picture(drawn, AREA);
      writeFileSync(join(ROOT, PICTURES[media]), markedAs(readFileSync(drawn), shownPart()));
    }
  } finally {
    await browser.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await drawPictures();
