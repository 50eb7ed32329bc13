import type { TargetSettings } from '../policy/target.ts';
import { SCHEMA } from '../protocol/schema.ts';
import type { LimitRecord } from '../record/limit.ts';
import { limitStatement } from '../server/limit-statement.ts';
import { commandFor } from '../words/commands.ts';
import { count } from '../words/count.ts';
import { printable, shellWord } from '../words/printable.ts';
import { build, howToStop } from './form/build.ts';
import type { Message, Section } from './message.ts';
import { LINE_LENGTH } from './text.ts';
import { utc } from '../words/in-words.ts';

/** Longer than any name makes a statement: a statement that is cut does not run. */
const STATEMENT_LENGTH = 1_000;

/**
 * For a temporary limit that could not be lifted: Headroom leaves nothing else behind, so a person is paged at once.
 */
export function composeStuckLimit(limit: LimitRecord, why: string, target: TargetSettings, now: number): Message {
  const id = printable(target.id, 40);
  const user = printable(limit.user, 63);
  const statement = printable(limitStatement(target.engine, limit.account, limit.before), STATEMENT_LENGTH);
  const sections: Section[] = [
    ['Do', [`run as an administrator: ${statement}`]],
    [
      'Affects',
      [
        `the clients of ${user}: no more than ${count(limit.limit, 'connection')} for all of them together, since ${utc(limit.at)}`,
      ],
    ],
    ['Where', [`${printable(target.endpoint, 255)} (${target.engine}, instance ${printable(target.instance)})`]],
    [
      'What',
      [
        `limited to ${count(limit.limit, 'connection')} since ${utc(limit.at)}; before: ${limit.before ?? 'no limit'}`,
        `Headroom set this limit in incident ${limit.incidentId} and tries each minute to lift it, while it looks after ${id}.`,
        'If someone has set another limit since, keep that one.',
        'If Headroom can never lift it, lift it yourself, then run: ' +
          commandFor(`limits drop --target ${id} --user ${shellWord(limit.user)} --why "lifted by hand"`, target),
      ],
    ],
    ['Why', [printable(why, LINE_LENGTH)]],
    ['Sure', ['Certain: Headroom tried to lift it, and that failed.']],
    ['Times', [`written ${utc(now)}`]],
    howToStop(target),
  ];
  return build({
    target: id,
    clauses: ['a connection limit is stuck', `user ${user} stays at ${limit.limit}`],
    sections,
    json: {
      schema: SCHEMA,
      notice: 'limit-left',
      severity: 'critical',
      incidentId: limit.incidentId,
      target: target.id,
      engine: target.engine,
      user: printable(limit.user, STATEMENT_LENGTH),
      limit: limit.limit,
      before: limit.before,
      statement,
      reason: printable(why, LINE_LENGTH),
      at: now,
    },
    attributes: {
      severity: 'critical',
      outcome: 'limit-left',
      target: id,
      incidentId: limit.incidentId,
      notice: 'limit-left',
    },
  });
}
