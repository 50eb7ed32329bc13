import type { TargetSettings } from '../policy/target.ts';
import { SCHEMA } from '../protocol/schema.ts';
import type { Warning } from '../sampler/levels.ts';
import { WARNINGS } from '../sampler/warnings.ts';
import { withCommands } from '../words/commands.ts';
import { inWords } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';
import type { Message } from './message.ts';
import { clipLines, LINE_LENGTH, renderWithLegend, subjectLine, utc, type Section } from './text.ts';

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
    ['Where', [`${printable(endpoint, 255)} (${engine}, instance ${printable(target.instance)})`]],
    [
      'What',
      [`${reason}, for ${inWords(lastedMs)} now`, 'This is a warning: Headroom does nothing about it by itself.'],
    ],
    ['Times', [`since ${utc(since)}`, `written ${utc(now)}; sent again only after it has cleared`]],
  ];
  return {
    subject: subjectLine('warning', id, reason),
    body: renderWithLegend(`${id}: ${reason}`, sections),
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
  };
}
