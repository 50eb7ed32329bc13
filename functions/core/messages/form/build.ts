import { commandFor, type CommandSubject } from '../../words/commands.ts';
import { shellWord } from '../../words/printable.ts';
import type { Links, Message, Section } from '../message.ts';
import { legendOf } from './legend.ts';
import { headlineOf, subjectLine } from './subject.ts';

const LABEL_WIDTH = 10;
/** In the order in which a reader wants them. The page that takes an answer is named where it is asked for. */
const LINK_WORDS = {
  report: 'report',
  console: 'workflow',
  dashboard: 'dashboard',
  runbook: 'runbook',
} as const satisfies Partial<Record<keyof Links, string>>;

/** What a message is made of. */
export interface Parts {
  /** Its name as it is printed. */
  readonly target: string;
  /** What is wrong, the most important first: see `subjectLine`. */
  readonly clauses: readonly string[];
  readonly sections: readonly Section[];
  readonly links?: Links | undefined;
  readonly json: Message['json'];
  readonly attributes: Message['attributes'];
}

/** Subject, text and data of one message. Sections without lines are left out; the text explains its words at the end. */
export function build({ target, clauses, sections, links = {}, json, attributes }: Parts): Message {
  const headline = `${target}: ${headlineOf(clauses)}`;
  const shown = withLines([...sections, linksSection(links)]);
  const all = withLines([...shown, ['Words', legendOf(render(headline, shown))]]);
  return {
    subject: subjectLine(attributes.severity, target, clauses),
    body: render(headline, all),
    sections: all,
    links,
    json,
    attributes,
  };
}

/** The same message with more links. Those that it has stay as they are. */
export function addLinks(message: Message, more: Links): Message {
  if (Object.keys(more).length === 0) return message;
  const links = { ...more, ...message.links };
  // Links and the words after them are the end of every text.
  const isEnd = ([label]: Section): boolean => label === 'Links' || label === 'Words';
  const end = message.sections.filter(isEnd);
  const newEnd = withLines([linksSection(links), ...end.filter(([label]) => label === 'Words')]);
  const old = renderSections(end);
  const text = message.body.endsWith(old) ? message.body.slice(0, message.body.length - old.length) : message.body;
  return {
    ...message,
    links,
    sections: [...message.sections.filter((section) => !isEnd(section)), ...newEnd],
    body: `${text}${renderSections(newEnd)}`,
  };
}

function withLines(sections: readonly Section[]): Section[] {
  return sections.filter(([, lines]) => lines.length > 0);
}

/** A headline, then the sections. */
function render(headline: string, sections: readonly Section[]): string {
  return `${headline}\n\n${renderSections(sections)}`;
}

/** With their labels in a column. */
function renderSections(sections: readonly Section[]): string {
  return sections
    .flatMap(([label, lines]) =>
      lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}\n`),
    )
    .join('');
}

/** How a reader who wants no machine to end sessions stops it, from whatever message. */
export function howToStop(target: CommandSubject): Section {
  const pause = commandFor(`pause --target ${shellWord(target.id)} --why "…"`, target);
  return ['Stop', [`to keep Headroom from ending any session here: ${pause}`]];
}

/** The same where no one target is meant. */
export function howToStopAll(): Section {
  return [
    'Stop',
    [`to keep Headroom from ending any session anywhere: ${commandFor('pause --all --why "…"', { id: '' })}`],
  ];
}

/** A message as machines get it. */
export function machineForm(message: Message, text = message.body): Readonly<Record<string, unknown>> {
  const { json, subject, sections, links } = message;
  return { ...json, subject, text, sections, links };
}

function linksSection(links: Links): Section {
  const names = Object.keys(LINK_WORDS) as (keyof typeof LINK_WORDS)[];
  return ['Links', names.flatMap((name) => (links[name] === undefined ? [] : [`${LINK_WORDS[name]}: ${links[name]}`]))];
}
