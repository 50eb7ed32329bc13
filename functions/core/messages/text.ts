import { printable } from '../words/printable.ts';

/** Most lines of a list and characters of a line, so that no incident makes a long message. */
export const MAX_LINES = 6;
export const LINE_LENGTH = 300;

export function clipLines(texts: readonly string[]): string[] {
  return texts.slice(0, MAX_LINES).map((text) => printable(text, LINE_LENGTH));
}
