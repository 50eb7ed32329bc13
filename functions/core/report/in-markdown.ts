import { count } from '../words/count.ts';
import { thinned, withinBudget } from '../words/lists.ts';
import { utc } from '../words/in-words.ts';
import type { EndedGroup } from './ended.ts';
import { usageInWords, type Look } from './looks.ts';
import { usualInWords } from './over-usual.ts';
import type { Report } from './report.ts';
import { clockOf, dayOf, lastedOf } from './times.ts';

/** Characters of one section, so that a wiki takes the page. */
const SECTION_CHARACTERS = 100_000;
const MOST_NUMBERS = 40;

/** The report for a wiki: headings, lists and tables of Markdown, nothing else. Under 500 KB whatever the incident. */
export function reportInMarkdown(report: Report): string {
  const { summary, target, openedAt, durations } = report;
  return [
    `# ${plain(summary.headline)}`,
    `Incident report of ${plain(target)}, ${dayOf(openedAt)}. All times are UTC.`,
    ...summary.lines.map(plain),
    ...table(
      ['Stage', 'Lasted', 'From what to what'],
      durations.map(({ name, ms, words }) => [name, ms === null ? '–' : lastedOf(ms), words]),
    ),
    ...slotsIn(report),
    ...overIn(report),
    ...causeIn(report),
    ...within(
      'Timeline',
      report.timeline.map(
        ({ at, kind, words }) => `- ${clockOf(at)} ${kind === 'act' ? `**${plain(words)}**` : plain(words)}`,
      ),
    ),
    ...within('Each look: evidence and choice', report.looks.map(lookIn)),
    ...within('Sessions that were ended, and why', report.ended.length === 0 ? ['None.'] : report.ended.map(groupIn)),
    ...within(
      'Sessions that were left alone, and why',
      report.spared.map(({ sessions, words }) => `- ${sessions}: ${plain(words)}`),
    ),
    '## To do, so that it does not come back',
    ...report.checklist.map(({ title, tasks }) =>
      [`### ${title}`, '', ...tasks.map((task) => `- [ ] ${plain(task)}`)].join('\n'),
    ),
    '## To fill in by a person',
    report.blanks.map(({ name, hint }) => `- **${name}** (to fill in: ${hint}):`).join('\n'),
    '## Words on this page',
    report.meanings.map(([word, meaning]) => `- **${word}**: ${plain(meaning)}`).join('\n'),
    `Incident ${plain(report.incidentId)}. Written ${utc(report.writtenAt)} by Headroom, from its record. ` +
      `Everything on record: ${code(report.command)}`,
    '',
  ].join('\n\n');
}

function slotsIn({ slots: { moments, consumers } }: Report): string[] {
  if (moments.length === 0) return [];
  return [
    '## Slots over time',
    ...table(
      ['UTC', 'taken', 'of', 'refused as full', ...consumers.map(({ name }) => name)],
      thinned(moments, MOST_NUMBERS).map(({ at, used, usable, isFull, held }) => [
        clockOf(at),
        String(used),
        String(usable ?? '?'),
        isFull ? 'yes' : '',
        ...consumers.map((_, index) => String(held?.[index] ?? '?')),
      ]),
    ),
  ];
}

function overIn({ overUsual: { basis, rows } }: Report): string[] {
  if (rows.length === 0) return [];
  return [
    '## Who held more than usual',
    `"Usual" is ${basis}.`,
    ...table(
      ['Consumer (user/application)', 'At the first look', 'At most', 'Usual', 'More than usual'],
      rows.map(({ name, first, most, usual, isOver }) => [
        name,
        String(first ?? '–'),
        String(most ?? '–'),
        usualInWords(usual),
        isOver ? 'yes' : 'no',
      ]),
    ),
  ];
}

function causeIn({ cause }: Report): string[] {
  if (cause === null) return ['## Cause', 'Headroom did not find out why the slots ran out.'];
  return [
    '## Cause',
    `**${plain(cause.words)}** (${cause.percent}% sure)`,
    bullets(cause.evidence),
    ...(cause.alternatives.length === 0
      ? []
      : [
          'What else it may have been:',
          bullets(cause.alternatives.map(({ words, percent }) => `${words}: ${percent}%`)),
        ]),
  ];
}

function lookIn(look: Look): string {
  const { round, at, afterMs, client, admission, next, why, cause, evidence, choice, planned, asked, unseen } = look;
  return [
    `- **Look ${round}**, ${clockOf(at)}, ${lastedOf(afterMs)} after the alarm: ${usageInWords(look)} taken; ` +
      `next: ${plain(next)}. Why: ${plain(why)}`,
    `  - an ordinary client: ${plain(client)}; Headroom got in: ${plain(admission)}`,
    ...(cause === null ? [] : [`  - cause: ${plain(cause)}`]),
    ...evidence.map((line) => `    - ${plain(line)}`),
    ...planned.map(({ tier, sessions }) => `  - planned: ${plain(tier)}: ${count(sessions, 'session')}`),
    ...[...choice, ...asked, ...unseen].map((line) => `  - ${plain(line)}`),
  ].join('\n');
}

function groupIn({ sessions, consumer, database, result, round, at, tier, detail, reasons }: EndedGroup): string {
  return [
    `- ${count(sessions, 'session')} of ${plain(consumer)} on ${plain(database)}: ${plain(result)}. ` +
      `Look ${round}, ${clockOf(at)}: ${plain(tier)}${detail === '' ? '' : `. The server said: ${plain(detail)}`}`,
    ...reasons.map(({ why, ids }) => `  - ${plain(why)}: ${ids.join(' ')}`),
  ].join('\n');
}

/** A heading with its items, as many as fit. */
function within(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const { shown, left } = withinBudget(items, String, SECTION_CHARACTERS);
  return [`## ${title}`, [...shown, ...(left > 0 ? [`- ${left} more are not shown here.`] : [])].join('\n')];
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${plain(line)}`).join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`;
  return [[row(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(row)].join('\n')];
}

/** Text that Markdown and its HTML take for nothing else. It has no line breaks, as all texts of a report. */
function plain(text: string): string {
  return text
    .replace(/[\\`*_{}[\]#!|~^$]/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '&#64;');
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}
