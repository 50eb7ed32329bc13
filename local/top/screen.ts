import { sizeOf } from '../../functions/core/server/consumer-count.ts';
import { count } from '../../functions/core/words/count.ts';
import { inWords, utc } from '../../functions/core/words/in-words.ts';
import { percent } from '../../functions/core/words/percent.ts';
import { cell, cut } from './cells.ts';
import type { ConsumerRow, Picture, Seen } from './picture.ts';

/** A line of the screen, no wider than the view. The style repeats what its words say: colour tells nothing alone. */
export interface ScreenLine {
  readonly text: string;
  readonly style: 'bold' | 'dim' | 'red' | 'yellow' | 'inverse' | null;
}

export interface View {
  readonly columns: number;
  /** Null: as many as it takes. */
  readonly rows: number | null;
  /** Which consumer is chosen, by its place; null for none. */
  readonly chosen: number | null;
  /** What stands below, such as the keys. */
  readonly footer: readonly string[];
}

const LEAST_COLUMNS = 20;

/** One picture as lines. Pure. */
export function screenOf(picture: Picture, view: View): ScreenLine[] {
  const columns = Math.max(LEAST_COLUMNS, view.columns);
  const head = [
    line(headline(picture), 'bold'),
    ...(picture.result === 'seen' ? stateOf(picture, columns) : whyNot(picture)),
  ];
  const foot = view.footer.map((text) => line(text, 'dim'));
  const room = view.rows === null ? null : view.rows - head.length - foot.length;
  const body = picture.result === 'seen' ? bodyOf(picture, { columns, room, chosen: view.chosen }) : [];
  const lines = [...head, ...(room === null ? body : body.slice(0, Math.max(0, room)))];
  const blanks = view.rows === null ? 0 : Math.max(0, view.rows - lines.length - foot.length);
  const all = [...lines, ...Array.from({ length: blanks }, () => line('')), ...foot];
  return all.slice(0, view.rows ?? undefined).map(({ text, style }) => ({ text: cut(text, view.columns), style }));
}

function line(text: string, style: ScreenLine['style'] = null): ScreenLine {
  return { text, style };
}

function headline({ target, at, tookMs, ...picture }: Picture): string {
  const server = picture.result === 'seen' ? `  ${picture.engine} ${picture.version}` : '';
  return `${target}${server}  ${utc(at)}  (look: ${Math.round(tookMs)} ms)`;
}

function whyNot({ why }: Extract<Picture, { result: 'unseen' }>): ScreenLine[] {
  return [line(`not let in: ${why}`, 'red')];
}

function stateOf(seen: Seen, columns: number): ScreenLine[] {
  const { used, usable, isFull, busy, idle, open, waiting, halfOpen, refused } = seen;
  const style = isFull ? 'red' : seen.usagePercent >= 80 ? 'yellow' : null;
  const words = `${used} of ${usable} usable slots (${percent(seen.usagePercent)})`;
  const alarm = isFull ? '  FULL: no slot is free for ordinary clients' : '';
  const bar = barOf(seen.usagePercent, Math.min(30, columns - words.length - alarm.length - 2));
  const kinds = `busy ${busy}, idle ${idle}, in transaction ${open}, waiting for a lock ${waiting}, half-open ${halfOpen}`;
  const refusals =
    refused === null
      ? 'refused logins: this server does not count them'
      : `refused since the first look: ${count(refused, 'login')}`;
  return [
    line(`${words}  ${bar}${alarm}`, style),
    line(kinds),
    line(refusals, refused !== null && refused > 0 ? 'red' : null),
  ];
}

function barOf(value: number, width: number): string {
  if (width < 5) return '';
  const filled = Math.min(width, Math.max(0, Math.round((value / 100) * width)));
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

interface Body {
  readonly columns: number;
  readonly room: number | null;
  readonly chosen: number | null;
}

/** Each section has a heading and a blank before it. */
const AROUND = 2;

function bodyOf(seen: Seen, { columns, room, chosen }: Body): ScreenLine[] {
  const all = {
    consumers: seen.consumers.map((row, index) => consumerLine(row, columns, index === chosen)),
    locks: seen.locks.map((row) => line(lockLine(row, columns))),
    longest: seen.longest.map((row) => line(longestLine(row, columns))),
  };
  const lengths = shareRoom([all.consumers.length, all.locks.length, all.longest.length], room);
  const section = (heading: string, lines: readonly ScreenLine[], most: number, first = 0): ScreenLine[] =>
    lines.length === 0 || most === 0 ? [] : [line(''), line(heading, 'bold'), ...windowOf(lines, most, first)];
  const [consumers = 0, locks = 0, longest = 0] = lengths;
  return [
    ...section(consumerHeading(columns, seen.basis), all.consumers, consumers, chosen ?? 0),
    ...section('who waits for whom', all.locks, locks),
    ...section(longestHeading(columns), all.longest, longest),
  ];
}

/** Sections that are shorter than their share leave the rest to the others, the first of which gets what is left over. */
function shareRoom(wanted: readonly number[], room: number | null): number[] {
  if (room === null) return [...wanted];
  const present = wanted.filter((lines) => lines > 0).length;
  let left = Math.max(0, room - present * AROUND);
  const given = wanted.map(() => 0);
  while (left > 0 && wanted.some((lines, index) => lines > (given[index] ?? 0))) {
    for (const [index, lines] of wanted.entries()) {
      if (left === 0 || lines <= (given[index] ?? 0)) continue;
      given[index] = (given[index] ?? 0) + 1;
      left -= 1;
    }
  }
  return given;
}

/** The part of a list that has the chosen line in it, and how many lines are left out. */
function windowOf(lines: readonly ScreenLine[], most: number, chosen: number): ScreenLine[] {
  if (lines.length <= most) return [...lines];
  const length = Math.max(1, most - 1);
  const first = Math.max(0, Math.min(chosen - length + 1, lines.length - length));
  return [
    ...lines.slice(first, first + length),
    ...(most > 1 ? [line(`  … ${lines.length - length} more`, 'dim')] : []),
  ];
}

const NUMBERS = ['all', 'usual', 'over', 'idle', 'open', 'busy'] as const;
const NUMBER_WIDTH = 6;
const NUMBERS_WIDTH = NUMBERS.length * NUMBER_WIDTH;

function numbers(values: readonly string[]): string {
  return values.map((value) => cell(value, NUMBER_WIDTH, 'right')).join('');
}

const BASIS_WORDS = {
  profile: 'usual by its profile',
  samples: 'usual by the last samples',
  arrivals: 'usual by who came last',
  none: 'usual not known yet',
} as const satisfies Record<Seen['basis'], string>;

function consumerHeading(columns: number, basis: Seen['basis']): string {
  return cell(`  consumer (${BASIS_WORDS[basis]})`, columns - NUMBERS_WIDTH) + numbers(NUMBERS);
}

function consumerLine(row: ConsumerRow, columns: number, isChosen: boolean): ScreenLine {
  const { idle, open, busy, usual, name } = row;
  const all = sizeOf(row);
  const over = usual === null || all <= usual ? '' : `+${all - usual}`;
  const values = [all, usual ?? '?', over, idle, open, busy].map(String);
  const text = cell(`${isChosen ? '>' : ' '} ${name}`, columns - NUMBERS_WIDTH) + numbers(values);
  return line(text, isChosen ? 'inverse' : over === '' ? null : 'yellow');
}

/** Deeper branches are drawn at this depth: the name must have some room. */
const MOST_DEPTH = 8;

function lockLine({ depth, id, consumer, state, ms, verb, behind }: Seen['locks'][number], columns: number): string {
  const branch = depth === 0 ? '' : `${'  '.repeat(Math.min(depth, MOST_DEPTH) - 1)}└ `;
  const who = id > 0 ? `${id} ${consumer}` : consumer;
  const waiters = behind === 0 ? '' : `${behind} behind, `;
  const what = `${waiters}${state}${ms === null ? '' : ` ${inWords(ms)}`}${verb === '' ? '' : ` ${verb}`}`;
  const width = Math.min(WHAT_WIDTH, Math.floor(columns / 2));
  return `${cell(`  ${branch}${who}`, columns - width)} ${cut(what, width - 1)}`;
}

const WHAT_WIDTH = 40;
const LONGEST_WIDTHS = { id: 10, state: 28, for: 9, verb: 10 } as const;

function longestHeading(columns: number): string {
  return longestCells({ id: 'session', consumer: 'longest', state: 'state', age: 'for', verb: '' }, columns);
}

function longestLine({ id, consumer, state, ms, verb }: Seen['longest'][number], columns: number): string {
  return longestCells({ id: String(id), consumer, state, age: inWords(ms), verb }, columns);
}

function longestCells(
  row: Readonly<Record<'id' | 'consumer' | 'state' | 'age' | 'verb', string>>,
  columns: number,
): string {
  const rest = columns - 3 - Object.values(LONGEST_WIDTHS).reduce((sum, width) => sum + width, 0);
  const name = Math.max(10, rest);
  return [
    cell(row.id, LONGEST_WIDTHS.id, 'right'),
    ` ${cell(row.consumer, name)}`,
    ` ${cell(row.state, LONGEST_WIDTHS.state)}`,
    cell(row.age, LONGEST_WIDTHS.for, 'right'),
    ` ${cut(row.verb, LONGEST_WIDTHS.verb)}`,
  ].join('');
}
