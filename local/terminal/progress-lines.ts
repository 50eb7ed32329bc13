import type { Line } from './narrator.ts';
import { paint, say } from './output.ts';
import { wrapped } from './wrap.ts';

const LOOK = {
  state: { style: 'bold', sign: '▶' },
  detail: { style: 'dim', sign: ' ' },
  good: { style: 'green', sign: '✔' },
  bad: { style: 'red', sign: '✘' },
  notice: { style: 'cyan', sign: '✉' },
} as const satisfies Record<Line['kind'], { style: Parameters<typeof paint>[0]; sign: string }>;

/** Progress on standard error, with the seconds since the start before it, in 80 columns. */
export function printLine({ at, kind, text }: Line, startedAt: number): void {
  const { style, sign } = LOOK[kind];
  const before = `${clock(at, startedAt)}  `;
  const [first = '', ...others] = wrapped(text, before.length + 2);
  say(`${before}${paint(style, `${sign} ${first}`)}`);
  for (const piece of others) say(paint(style, piece));
}

/** ` 12.3 s`, right-aligned. */
export function clock(at: number, startedAt: number): string {
  return `${(Math.max(0, at - startedAt) / 1000).toFixed(1).padStart(6)} s`;
}
