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
  const shown = [...sections, linksSection(links)].filter(([, lines]) => lines.length > 0);
  const words: Section = ['Words', legendOf(render(headline, shown))];
  const all = words[1].length > 0 ? [...shown, words] : shown;
  return {
    subject: subjectLine(attributes.severity, target, clauses),
    body: render(headline, all),
    sections: all,
    links,
    json,
    attributes,
  };
}

/** A headline, then the sections with their labels in a column. */
function render(headline: string, sections: readonly Section[]): string {
  const rendered = sections.flatMap(([label, lines]) =>
    lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`),
  );
  return [headline, '', ...rendered, ''].join('\n');
}

/** How a reader who wants no machine to end sessions stops it, from whatever message. */
export function howToStop(target: CommandSubject): Section {
  const pause = commandFor(`pause --target ${shellWord(target.id)} --why "…"`, target);
  return ['Stop', [`to keep Headroom from ending any session here: ${pause}`]];
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
