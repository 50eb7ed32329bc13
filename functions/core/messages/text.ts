import { printable } from '../words/printable.ts';

/** Most lines of a list and characters of a line, so that no incident makes a long message. */
export const MAX_LINES = 6;
export const LINE_LENGTH = 300;

/** `2026-11-21 03:00:05 UTC`. */
export function utc(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime())
    ? 'at an unknown time'
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function clipLines(texts: readonly string[]): string[] {
  return texts.slice(0, MAX_LINES).map((text) => printable(text, LINE_LENGTH));
}
