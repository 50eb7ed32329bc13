import { causeWords } from '../../functions/core/cause/find-cause.ts';
import { count } from '../../functions/core/words/count.ts';
import { inWords } from '../../functions/core/words/in-words.ts';
import { printable } from '../../functions/core/words/printable.ts';
import { tableOf } from '../terminal/table.ts';
import type { Summary } from './summary.ts';

const LONGEST_ADVICE = 200;

/** A summary for a terminal or a mail. Names and advice come from a server: nothing in them controls a terminal. */
export function summaryInText(summary: Summary): string {
  const { since, until, incidents, targets, outcomes } = summary;
  const from = `from ${dayOf(since)} to ${dayOf(until)}`;
  if (incidents === 0) return `no incidents ${from}`;
  const ends = Object.entries(outcomes).map(([outcome, times]) => `${times} ${outcome}`);
  const head = `${count(incidents, 'incident')} of ${count(targets.length, 'target')} ${from}: ${ends.join(', ')}`;
  return [head, figuresOf(summary), causesOf(summary), consumersOf(summary), recurringIn(summary)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function figuresOf({ relief, ended, byHand, paged, pages }: Summary): string {
  const hand = byHand > 0 ? `, ${byHand} of them by hand` : '';
  return [
    `Relief    ${relief === null ? 'never' : `after ${inWords(relief.medianMs)} (median), ${inWords(relief.longestMs)} at most`}`,
    `Ended     ${count(ended, 'session')} or queries${hand}`,
    `Paged     ${paged === 0 ? 'nobody' : `for ${count(paged, 'incident')}, ${count(pages, 'time')} in all`}`,
  ].join('\n');
}

function causesOf({ causes }: Summary): string {
  if (causes.length === 0) return '';
  return tableOf(
    ['cause', 'incidents', 'targets', 'relief, median', 'paged', 'ended'],
    causes.map(({ cause, incidents, targets, relief, paged, ended }) => [
      cause,
      incidents,
      targets.length,
      relief === null ? 'never' : inWords(relief.medianMs),
      paged,
      ended,
    ]),
  );
}

function consumersOf({ consumers }: Summary): string {
  if (consumers.length === 0) return '';
  const lines = consumers.map(({ name, count: ended }) => `  ${String(ended).padStart(5)}  ${printable(name, 80)}`);
  return ['Most ended', ...lines].join('\n');
}

function recurringIn({ recurring }: Summary): string {
  if (recurring.length === 0) return '';
  const lines = recurring.flatMap(({ target, cause, times, lastAt, notTaken }) => [
    `  ${target}: ${causeWords(cause)}; ${times} times, last on ${dayOf(lastAt)}`,
    ...notTaken.map(({ advice, times: given }) => `    advised ${given} times: ${printable(advice, LONGEST_ADVICE)}`),
  ]);
  return ['Keeps coming back', ...lines].join('\n');
}
