import { consumerOf } from '../../functions/core/server/consumer.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { count } from '../../functions/core/words/count.ts';
import { named } from '../../functions/core/words/printable.ts';
import { wrappedAfter } from '../terminal/wrap.ts';

/** A session, and why it ends or stays. */
export interface Fate {
  readonly session: Session;
  readonly why: string;
}

/** Most groups under one heading; the others are only counted. */
const MOST_GROUPS = 20;
const NAME_LENGTH = 60;

/** Sessions by consumer and reason, most first: one paragraph each, in 80 columns. Empty without sessions. */
export function groupLines(heading: string, fates: readonly Fate[]): string[] {
  if (fates.length === 0) return [];
  const groups = [...Map.groupBy(fates, keyOf).values()].sort((a, b) => b.length - a.length);
  const others = groups.slice(MOST_GROUPS);
  return [
    '',
    `${heading} (${fates.length})`,
    ...groups
      .slice(0, MOST_GROUPS)
      .flatMap((group) => wrappedAfter(counted(group), `${whoIn(group)}: ${merged(group.map(({ why }) => why))}`)),
    ...(others.length === 0
      ? []
      : wrappedAfter(
          counted(others.flat()),
          `in ${count(others.length, 'smaller group')}; --verbose shows every session`,
        )),
  ];
}

function counted(group: readonly Fate[]): string {
  return `${String(group.length).padStart(5)}  `;
}

function whoIn([first]: readonly Fate[]): string {
  return first?.session.kind === 'client' ? named(consumerOf(first.session), NAME_LENGTH) : 'no client';
}

/** A number, with the unit of time that may follow it. */
const FIGURE = /\d+(?: (?:s|min|h)\b)?/g;

function keyOf({ session, why }: Fate): string {
  const who = session.kind === 'client' ? consumerOf(session) : '';
  return JSON.stringify([session.kind === 'client', who, why.replace(FIGURE, '#')]);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { min: 60, h: 3600 };

function sizeOf(figure: string): number {
  const [amount, unit = ''] = figure.split(' ');
  return Number(amount) * (UNIT_SECONDS[unit] ?? 1);
}

/** Reasons that differ in figures alone, as one: `idle for 8 s to 13 s`. */
function merged(reasons: readonly string[]): string {
  const figures = reasons.map((reason) => reason.match(FIGURE) ?? []);
  let at = 0;
  return (reasons[0] ?? '').replace(FIGURE, () => {
    const all = figures.map((own) => own[at] ?? '').sort((a, b) => sizeOf(a) - sizeOf(b));
    at++;
    const [least = '', most = ''] = [all[0], all.at(-1)];
    return least === most ? least : `${least} to ${most}`;
  });
}
