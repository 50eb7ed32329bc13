import { printable } from '../../words/printable.ts';
import type { Message } from '../message.ts';

type Severity = Message['attributes']['severity'];

/** SNS takes subjects of less than 100 characters. */
const SUBJECT_LENGTH = 99;
/** Longer names are shortened: what is wrong matters more. */
const NAME_LENGTH = 30;

/**
 * One line of less than 100 printable ASCII characters: severity, target, then what is wrong. `clauses`: the most
 * important first, each whole by itself. One that does not fit is left out, so that none is cut.
 */
export function subjectLine(severity: Severity, target: string, clauses: readonly string[]): string {
  const mark = severity === 'info' ? '[Headroom]' : `[Headroom ${severity.toUpperCase()}]`;
  return fitted(`${mark} ${printable(target, NAME_LENGTH)}: `, clauses);
}

/** The same subject under another mark: what does not fit any more is left out. */
export function remarked(subject: string, mark: string): string {
  const [start = '', ...clauses] = subject.replace(/^\[[^\]]*\]/, mark).split('; ');
  return fitted('', [start, ...clauses]);
}

/** What is wrong by a subject, without mark and target. */
export function headlineIn(subject: string): string {
  return subject.replace(/^\[[^\]]*\] (?:[^:]*: )?/, '');
}

/** A subject from elsewhere, as one that is sent may be. */
export function subjectOf(text: string): string {
  return whole(ascii(text), SUBJECT_LENGTH);
}

/** All of it, for a line that may be long. */
export function headlineOf(clauses: readonly string[]): string {
  return clauses.join('; ');
}

/** A text in sentences or clauses, each to be kept or left out as a whole. */
export function splitClauses(text: string): string[] {
  return text
    .split(/; |\. (?=[A-Z])/)
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '');
}

function fitted(start: string, [first = '', ...others]: readonly string[]): string {
  const head = ascii(start);
  let line = head + whole(ascii(first), SUBJECT_LENGTH - head.length);
  for (const clause of others) {
    const longer = `${line}; ${ascii(clause)}`;
    if (longer.length <= SUBJECT_LENGTH) line = longer;
  }
  return line;
}

/** Up to a whole word, where even the first clause is too long. */
function whole(text: string, room: number): string {
  if (text.length <= room) return text;
  const cut = text.slice(0, room - 3);
  const word = cut.lastIndexOf(' ');
  return `${(word > room / 2 ? cut.slice(0, word) : cut).replace(/[\s,;:.(]+$/, '')}...`;
}

function ascii(text: string): string {
  return printable(text, 400)
    .replaceAll('…', '...')
    .replaceAll('’', "'")
    .replaceAll('·', ' ')
    .replace(/[^\x20-\x7e]/gu, '?');
}
