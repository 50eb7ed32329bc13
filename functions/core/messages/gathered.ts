import { SCHEMA } from '../protocol/schema.ts';
import type { GatheredNotice } from '../record/notice.ts';
import { commandFor } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { utc } from '../words/in-words.ts';
import { withinBudget } from '../words/lists.ts';
import { printable } from '../words/printable.ts';
import { build, howToStopAll } from './form/build.ts';
import { headlineIn } from './form/subject.ts';
import type { Message, Section } from './message.ts';
import { LINE_LENGTH } from './text.ts';

/** Of each kind of trouble; the others are named without more. */
const MOST_TOLD = 15;
/** Of the names that follow. */
const NAMES_LENGTH = 600;
/** For machines: far below what a topic takes, five times over. */
const MOST_LISTED = 250;

type Severity = GatheredNotice['severity'];

/** What a message comes to among others. */
export function gatheredOf({ subject, sections, attributes }: Message, at: number): GatheredNotice {
  const { target, incidentId, notice, severity } = attributes;
  const [toDo = ''] = sections.find(([label]) => label === 'Do')?.[1] ?? [];
  const headline = printable(headlineIn(subject), LINE_LENGTH);
  return { target, incidentId, notice, severity, headline, toDo: printable(toDo, LINE_LENGTH), at };
}

/** In the order in which somebody reads them. */
const KINDS = [
  { severity: 'critical', label: 'Critical', inShort: (n: number) => `${n} in trouble` },
  { severity: 'warning', label: 'Warnings', inShort: (n: number) => `${n} with a warning` },
  { severity: 'info', label: 'For info', inShort: (n: number) => `${n} with news that ask for nothing` },
] as const satisfies readonly { readonly severity: Severity; readonly label: string; readonly inShort: unknown }[];

/**
 * One message of all notices that came within a minute beyond the few that went out by themselves. Of an incident it has
 * the newest. `gathered`: at least one.
 */
export function composeGathered(gathered: readonly GatheredNotice[], at: number): Message {
  const notices = newestOfEach(gathered);
  const targets = new Set(notices.map(({ target }) => target)).size;
  const kinds = KINDS.map((kind) => ({
    ...kind,
    notices: notices.filter(({ severity }) => severity === kind.severity),
  })).filter((kind) => kind.notices.length > 0);
  const severity = kinds[0]?.severity ?? 'info';
  const first = Math.min(...gathered.map((notice) => notice.at));
  const target = count(targets, 'database');
  const list = commandFor('incidents list --status open --limit 1000', { id: '' });
  const sections: Section[] = [
    ['Do', toDo(severity, list)],
    [
      'What',
      [
        `${count(gathered.length, 'notice')} came within about a minute, beside those that you got by themselves. ` +
          'So many databases at once often have one cause: a network, a deployment, a service that all of them use.',
        'Headroom works on each database by itself, as ever. Only what it tells is put together.',
      ],
    ],
    ['Affects', [affects(severity, kinds[0]?.notices.length ?? 0, first)]],
    ...kinds.map(({ label, notices: of }): Section => [label, linesOf(of)]),
    ['Sure', ['Each line is the headline of a notice; the whole of it is with its incident.']],
    ['Details', [commandFor('incidents show INCIDENT', { id: '' })]],
    ['Times', [`since ${utc(first)}`, `written ${utc(at)}`]],
    howToStopAll(),
  ];
  return build({
    target,
    clauses: kinds.map(({ inShort, notices: of }) => inShort(of.length)),
    sections,
    json: {
      schema: SCHEMA,
      notice: 'gathered',
      severity,
      count: notices.length,
      notices: notices.slice(0, MOST_LISTED).map(listed),
      at,
    },
    attributes: { severity, outcome: 'gathered', target, incidentId: '', notice: 'gathered' },
  });
}

function affects(severity: Severity, many: number, since: number): string {
  const those = count(many, 'database');
  switch (severity) {
    case 'critical':
      return `whoever uses the ${those} in trouble, told since ${utc(since)}`;
    case 'warning':
      return `nobody yet: the ${those} with a warning may come to refuse clients, told since ${utc(since)}`;
    case 'info':
      return `nobody, by what these notices say: the first is of ${utc(since)}`;
  }
}

/** The rest is with its incident. */
function listed({ target, incidentId, notice, severity, at }: GatheredNotice) {
  return { target, incidentId, notice, severity, at };
}

function toDo(severity: Severity, list: string): string[] {
  if (severity === 'info') return [`Nothing. How each of them stands: ${list}`];
  return [
    'Look for what these databases have in common before you look at each.',
    `How each of them stands now: ${list}`,
  ];
}

/** What is about no incident is news each time. */
function newestOfEach(gathered: readonly GatheredNotice[]): GatheredNotice[] {
  const newest = new Map<string, GatheredNotice>();
  for (const notice of gathered) {
    const { incidentId, target, notice: kind, headline } = notice;
    newest.set(incidentId === '' ? [target, kind, headline].join('\n') : incidentId, notice);
  }
  return [...newest.values()];
}

function linesOf(notices: readonly GatheredNotice[]): string[] {
  const told = notices.slice(0, MOST_TOLD).map(lineOf);
  const others = notices.slice(MOST_TOLD);
  if (others.length === 0) return told;
  const names = [...new Set(others.map(({ target }) => target))];
  const { shown, left } = withinBudget(names, (name) => name, NAMES_LENGTH);
  return [...told, `and ${others.length} more: ${shown.join(', ')}${left === 0 ? '' : ` and ${left} others`}`];
}

/** What is about an incident has its advice there. */
function lineOf({ target, headline, incidentId, toDo: first }: GatheredNotice): string {
  const more = incidentId === '' ? first : `incident ${incidentId}`;
  return `${target}: ${headline}${more === '' ? '' : `; ${more}`}`;
}
