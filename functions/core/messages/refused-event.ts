import { SCHEMA } from '../protocol/schema.ts';
import { printable } from '../words/printable.ts';
import { build, howToStop } from './form/build.ts';
import type { Message, Section } from './message.ts';
import { utc } from '../words/in-words.ts';

export interface RefusedEvent {
  /** Null when the event does not say. */
  readonly targetId: string | null;
  readonly reason: string;
  readonly alarmName: string | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** For an event that opened no incident: its target or alarm is unknown, or it is malformed. It has no incident id. */
export function composeRefusal({ targetId, reason, alarmName, at }: RefusedEvent): Message {
  const target = printable(targetId ?? 'unknown', 40);
  const alarm = alarmName === null ? null : printable(alarmName, 255);
  const alarmWords = alarm === null ? 'unknown alarm' : `alarm ${alarm}`;
  const why = printable(reason, 4000);
  const sections: Section[] = [
    ['Do', ['If a database is in trouble, look at it yourself.', 'Then correct the alarm, the rule or headroom.yaml.']],
    [
      'Affects',
      [`not known: the alarm came at ${utc(at)} or before, and Headroom did not look at a server because of it`],
    ],
    ['What', ['An alarm event was refused. Headroom has not looked at the server and has ended nothing.']],
    ['Sure', ['Certain that the event was refused. Whether the database is in trouble is not known.']],
    ['Where', [`target ${target}, ${alarmWords}`]],
    ['Why', [why]],
    ['Times', [`refused ${utc(at)}`]],
    howToStop({ id: targetId === null ? 'NAME' : printable(targetId, 63) }),
  ];
  return build({
    target,
    clauses: ['an alarm was not understood', `${alarmWords} refused`],
    sections,
    json: {
      schema: SCHEMA,
      notice: 'refused',
      severity: 'warning',
      target: targetId === null ? null : target,
      alarm,
      reason: why,
      at,
    },
    attributes: { severity: 'warning', outcome: 'refused', target, incidentId: '', notice: 'refused' },
  });
}
