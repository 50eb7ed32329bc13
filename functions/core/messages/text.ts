import { legendOf } from './legend.ts';
import { printable } from '../words/printable.ts';
import type { Message } from './message.ts';

/** A label and its lines. */
export type Section = readonly [label: string, lines: readonly string[]];

/** SNS takes subjects of less than 100 characters. */
const SUBJECT_LENGTH = 99;
/** Most lines of a list and characters of a line, so that no incident makes a long message. */
export const MAX_LINES = 6;
export const LINE_LENGTH = 300;
const LABEL_WIDTH = 10;

/** One line of less than 100 printable ASCII characters, severity and target first. */
export function subjectLine(severity: Message['attributes']['severity'], target: string, headline: string): string {
  const mark = severity === 'info' ? '[Headroom]' : `[Headroom ${severity.toUpperCase()}]`;
  return subjectOf(`${mark} ${target}: ${headline}`);
}

/** A subject from elsewhere, as one that is sent may be. */
export function subjectOf(text: string): string {
  return ascii(text, SUBJECT_LENGTH);
}

/** A headline, then the sections with their labels in a column, and what their words mean. */
export function renderWithLegend(headline: string, sections: readonly Section[]): string {
  return renderSections(headline, [...sections, ['Words', legendOf(renderSections(headline, sections))]]);
}

/** A headline, then the sections with their labels in a column. */
export function renderSections(headline: string, sections: readonly Section[]): string {
  const rendered = sections.flatMap(([label, lines]) =>
    lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`),
  );
  return [headline, '', ...rendered, ''].join('\n');
}

/** `2026-11-21 03:00:05 UTC`. */
export function utc(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? 'at an unknown time'
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function ascii(text: string, maxLength: number): string {
  const line = printable(text, 4 * maxLength)
    .replaceAll('…', '...')
    .replaceAll('’', "'")
    .replaceAll('·', ' ')
    .replace(/[^\x20-\x7e]/gu, '?');
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 3)}...`;
}

export function clipLines(texts: readonly string[]): string[] {
  return texts.slice(0, MAX_LINES).map((text) => printable(text, LINE_LENGTH));
}
