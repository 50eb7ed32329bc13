import { SCHEMA } from '../protocol/schema.ts';
import { printable } from '../words/printable.ts';
import type { Message } from './message.ts';
import { renderSections, subjectLine, utc, type Section } from './text.ts';

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
    ['What', ['An alarm event was refused. Headroom has not checked the server and has ended nothing.']],
    ['Where', [`target ${target}, ${alarmWords}`]],
    ['Why', [why]],
    ['Do', ['If a database is in trouble, check it manually.', 'Then correct the alarm, the rule or headroom.yaml.']],
    ['Times', [`refused ${utc(at)}`]],
  ];
  return {
    subject: subjectLine('warning', target, `event of ${alarmWords} refused`),
    body: renderSections(`${target}: an alarm event was refused`, sections),
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
  };
}
