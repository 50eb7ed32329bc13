import * as z from 'zod/mini';
import { machineForm } from '../messages/form/build.ts';
import { headlineIn } from '../messages/form/subject.ts';
import type { Links, Message, Section } from '../messages/message.ts';
import { clipTo } from './fit.ts';
import { LINK_NAMES } from './links.ts';

type Severity = Message['attributes']['severity'];

/** A message as it reached the senders: whatever channel it goes to is made of this. */
export interface Told {
  /** One line of ASCII. */
  readonly subject: string;
  /** What is wrong, without mark and target. */
  readonly headline: string;
  readonly severity: Severity;
  readonly target: string;
  /** Empty for messages that are about no incident. */
  readonly incidentId: string;
  readonly notice: string;
  readonly sections: readonly Section[];
  readonly links: Links;
  /** What the incident did about limits on users, in words. */
  readonly limits: readonly string[];
  /** When it was written, epoch milliseconds. */
  readonly at: number;
}

/** What a topic hands on of a message. */
export interface Arrived {
  readonly subject: string;
  /** The text for people. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The form for machines. */
  readonly json: unknown;
}

/** A message as its topic hands it on. */
export function arrivedOf(message: Message): Arrived {
  const { subject, body, attributes } = message;
  return { subject, body, attributes, json: machineForm(message) };
}

const form = z.object({
  sections: z.catch(z.array(z.tuple([z.string(), z.array(z.string())])), []),
  links: z.catch(z.record(z.string(), z.string()), {}),
  limits: z.catch(z.array(z.object({ user: z.string(), limit: z.number(), end: z.nullish(z.string()) })), []),
  at: z.catch(z.nullable(z.number()), null),
});

/** `now`: for a message that does not say when it was written. A form that is cut gives way to the text. */
export function readTold({ subject, body, attributes, json }: Arrived, now: number): Told {
  const read = form.safeParse(json);
  const { sections, links, limits, at } = read.success ? read.data : { sections: [], links: {}, limits: [], at: null };
  const { severity, target = '', incidentId = '', notice = '' } = attributes;
  const line = plain(subject.trim() === '' ? '[Headroom] a notice' : subject, SUBJECT_LENGTH);
  return {
    subject: line,
    headline: headlineIn(line),
    severity: severity === 'critical' || severity === 'warning' ? severity : 'info',
    target: plain(target, NAME_LENGTH),
    incidentId: plain(incidentId, NAME_LENGTH),
    notice: plain(notice, LABEL_LENGTH),
    sections: bounded(sections.length > 0 ? sections : [['Text', body.slice(0, BODY_LENGTH).split('\n')]]),
    links: safeLinks(links),
    limits: limits
      .slice(0, MOST_LIMITS)
      .map(
        ({ user, limit, end }) =>
          `limit of ${limit} on ${plain(user, NAME_LENGTH)}${end == null ? '' : `: ${plain(end, LABEL_LENGTH)}`}`,
      ),
    at: at ?? now,
  };
}

/** The narrowest of the channels takes so much. */
const URL_LENGTH = 2_000;

/** Only what a browser opens. */
function safeLinks(links: Readonly<Record<string, string>>): Links {
  const safe = LINK_NAMES.flatMap((name) => {
    const url = links[name];
    return url !== undefined && /^https?:\/\/[\x21-\x7e]+$/.test(url) && url.length <= URL_LENGTH ? [[name, url]] : [];
  });
  return Object.fromEntries(safe) as Links;
}

/** A message of ours is far below these; they hold for whatever else is on the topic. */
const MOST_SECTIONS = 40;
const MOST_LINES = 30;
const MOST_LIMITS = 6;
const LABEL_LENGTH = 40;
const LINE_LENGTH = 1_100;
const BODY_LENGTH = 20_000;
const NAME_LENGTH = 120;
const SUBJECT_LENGTH = 200;

function bounded(sections: readonly (readonly [string, readonly string[]])[]): Section[] {
  return sections
    .slice(0, MOST_SECTIONS)
    .map(([label, lines]) => [
      plain(label, LABEL_LENGTH),
      lines.slice(0, MOST_LINES).map((line) => plain(line, LINE_LENGTH)),
    ]);
}

/** Bounded, and without what a screen obeys rather than shows. */
function plain(text: string, length: number): string {
  return clipTo(text.slice(0, 2 * length).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, '·'), length);
}

/** The lines of one section; none when it is not there. */
export function linesOf({ sections }: Told, label: string): readonly string[] {
  return sections.find(([each]) => each === label)?.[1] ?? [];
}

/** A message on the trouble of an incident that is over. */
export function isOver({ notice, severity }: Told): boolean {
  return notice === 'resolved' || notice === 'done' || (notice === 'interrupted' && severity === 'info');
}
