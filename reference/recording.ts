/** A line of a transcript, and when it was printed, seconds after the first. */
interface Line {
  readonly at: number;
  readonly text: string;
  /** The line that it goes on from, or itself: it says what the colour is. */
  readonly head: string;
}

interface Theme {
  readonly background: string;
  readonly text: string;
  readonly dim: string;
  readonly good: string;
  readonly bad: string;
  readonly step: string;
}

/** Each colour has a contrast of 4.5 to 1 or more against its background (WCAG 2.2, 1.4.3). */
export const LIGHT: Theme = {
  background: '#ffffff',
  text: '#1f2328',
  dim: '#59636e',
  good: '#116329',
  bad: '#b42318',
  step: '#0550ae',
};
export const DARK: Theme = {
  background: '#0d1117',
  text: '#e6edf3',
  dim: '#9198a1',
  good: '#56d364',
  bad: '#ff7b72',
  step: '#79c0ff',
};

/** How long the recording takes, whatever the drill took. */
const LASTS_SECONDS = 20;
/** The last line stays for this long before the recording begins again. */
const HOLD_SECONDS = 5;
/** A reader needs this long for a line. */
const LEAST_SECONDS = 0.35;
const COLUMNS = 80;
const CHARACTER = 8.4;
const LINE_HEIGHT = 19;
const MARGIN = 16;

/**
 * An animated picture of a drill: its transcript line by line, as fast as it was printed, squeezed into 20 seconds. It
 * needs no script. Whoever prefers reduced motion sees the whole of it at once. `transcript`: what a drill printed.
 */
export function drawRecording(transcript: string, theme: Theme): string {
  const lines = timesOf(readLines(transcript));
  const total = LASTS_SECONDS + HOLD_SECONDS;
  const width = Math.round(2 * MARGIN + COLUMNS * CHARACTER);
  const height = 2 * MARGIN + lines.length * LINE_HEIGHT;
  const rules = lines.map(
    ({ at }, index) =>
      `#l${index}{animation-name:k${index}}@keyframes k${index}{0%,${percent(at, total)}{opacity:0}${percent(at + 0.05, total)},100%{opacity:1}}`,
  );
  const rows = lines.map(
    ({ text, head }, index) =>
      `<text id="l${index}" x="${MARGIN}" y="${MARGIN + (index + 1) * LINE_HEIGHT - 5}" fill="${colourOf(head, theme)}" xml:space="preserve">${escaped(text)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">A drill: a server runs out of connections and gets them back</title>`,
    `<desc id="desc">${escaped(lines.map(({ text }) => text.trim()).join('. '))}</desc>`,
    `<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;animation-duration:${total}s;animation-iteration-count:infinite}`,
    ...rules,
    `@media (prefers-reduced-motion:reduce){text{animation:none!important;opacity:1}}</style>`,
    `<rect width="100%" height="100%" rx="6" fill="${theme.background}"/>`,
    ...rows,
    `</svg>`,
    '',
  ].join('\n');
}

/** The transcript that a page shows: the first block after its heading. */
export function transcriptIn(page: string): string {
  const [, after = ''] = page.split('## What a drill prints\n');
  const [, transcript] = after.split('```\n');
  if (transcript === undefined) throw new Error('docs/drill.md has no transcript under "What a drill prints"');
  return transcript;
}

/** `  59.4 s  ▶ Diagnose`, or a line of the result, which has no time. */
const LINE = /^ *(\d+\.\d) s {2}(.*)$/;

/** What a viewer can follow: steps, bars, notices, results; of the evidence, who holds how much. */
function readLines(transcript: string): Line[] {
  const seen = new Set<string>();
  const lines: Line[] = [];
  let at = 0;
  let isKept = false;
  let head = '';
  for (const raw of transcript.trimEnd().split('\n')) {
    const [, time, printed = raw] = LINE.exec(raw) ?? [];
    // A line that is too wide goes on below, without a time.
    const goesOn = time === undefined && raw.startsWith('    ');
    if (!goesOn) {
      isKept = STORY.test(printed) && !seen.has(printed);
      head = printed;
    }
    seen.add(printed);
    at = time === undefined ? at : Number(time);
    if (isKept) lines.push({ at, head, text: cut(raw.trimEnd()) });
  }
  return lines;
}

const STORY = /^([▶✔✘✉█]| {2}(usage|cause:|next:)|.*\bholds \d+, usually)/;

function cut(text: string): string {
  return text.length <= COLUMNS ? text : `${text.slice(0, COLUMNS - 1)}…`;
}

/** Squeezes the times into the recording; between two lines lies the time that a reader needs. */
function timesOf(lines: readonly Line[]): Line[] {
  const [first = 0] = lines.map(({ at }) => at);
  const last = lines.at(-1)?.at ?? first;
  const spare = Math.max(0, LASTS_SECONDS - LEAST_SECONDS * lines.length);
  const scale = last > first ? spare / (last - first) : 0;
  return lines.map(({ at, ...line }, index) => ({ ...line, at: LEAST_SECONDS * index + scale * (at - first) }));
}

function colourOf(text: string, theme: Theme): string {
  if (/✘|refused/.test(text)) return theme.bad;
  if (/✔|clients get in/.test(text)) return theme.good;
  if (/[▶✉]/.test(text)) return theme.step;
  return /cause:|next:|usually/.test(text) ? theme.text : theme.dim;
}

function percent(seconds: number, total: number): string {
  return `${((100 * seconds) / total).toFixed(2)}%`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
