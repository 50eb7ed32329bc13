import type { TargetSettings } from '../policy/target.ts';
import { SCHEMA } from '../protocol/schema.ts';
import type { Warning } from '../sampler/levels.ts';
import { WARNINGS, type WarningName } from '../sampler/warnings.ts';
import { withCommands } from '../words/commands.ts';
import { inWords, utc } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';
import { build, howToStop } from './form/build.ts';
import { splitClauses } from './form/subject.ts';
import type { Message, Section } from './message.ts';
import { clipLines, LINE_LENGTH } from './text.ts';

/** For a warning of the sampler. It has no incident, and no session is ended because of it. */
export function composeWarning(warning: Warning, target: TargetSettings, now: number): Message {
  const { name, since, lastedMs, sample } = warning;
  const { policy, engine, endpoint, isRds } = target;
  const { why, advice } = WARNINGS[name];
  const subject = { sample, policy, engine, endpoint, isRds };
  const id = printable(target.id, 40);
  const reason = printable(why(subject), LINE_LENGTH);
  const toDo = clipLines(advice(subject)).map((line) => withCommands(line, target));
  const sections: Section[] = [
    ['Do', toDo],
    ['Affects', [affects(warning)]],
    ['Where', [`${printable(endpoint, 255)} (${engine}, instance ${printable(target.instance)})`]],
    [
      'What',
      [`${reason}, for ${inWords(lastedMs)} now`, 'This is a warning: Headroom does nothing about it by itself.'],
    ],
    ['Sure', [`Measured: every sample of the last ${inWords(lastedMs)} shows it.`]],
    ['Times', [`since ${utc(since)}`, `written ${utc(now)}; sent again only after it has cleared`]],
    howToStop(target),
  ];
  return build({
    target: id,
    clauses: [IN_SHORT[name], ...splitClauses(reason)],
    sections,
    json: {
      schema: SCHEMA,
      notice: 'warning',
      severity: 'warning',
      warning: name,
      target: target.id,
      engine,
      instance: printable(target.instance),
      endpoint: printable(endpoint, 255),
      reason,
      advice: toDo,
      usage: sample.usage,
      since,
      at: now,
    },
    attributes: { severity: 'warning', outcome: 'warning', target: id, incidentId: '', notice: 'warning' },
  });
}

const NOT_REFUSED = 'no client was seen refused for want of a slot';

/** Who notices it while the server has slots. */
const AFFECTED: Readonly<Record<WarningName, string>> = {
  'filling-up': `nobody yet: ${NOT_REFUSED}`,
  'headroom-low': `nobody yet: ${NOT_REFUSED}`,
  'long-queries': `whoever waits for these queries; ${NOT_REFUSED}`,
  'ghost-session': 'no client directly: what was left behind takes slots that clients could have',
  'canary-broken': 'no client is known to be: it is the test login of Headroom that fails',
  'no-access': 'not known: Headroom cannot see the server, and would not help if it were full',
};

function affects({ name, since, sample }: Warning): string {
  const who = sample.isFull ? 'whoever opens a new connection: refused as full' : AFFECTED[name];
  return `${who}; since ${utc(since)} or before`;
}

/** What is wrong, for a subject. */
const IN_SHORT: Readonly<Record<WarningName, string>> = {
  'filling-up': 'filling up',
  'headroom-low': 'few connections are left',
  'long-queries': 'slow queries',
  'ghost-session': 'Headroom left sessions behind',
  'canary-broken': 'Headroom cannot test logins',
  'no-access': 'Headroom cannot get in',
};
