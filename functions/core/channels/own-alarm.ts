import * as z from 'zod/mini';
import { build, howToStopAll } from '../messages/form/build.ts';
import { splitClauses } from '../messages/form/subject.ts';
import { utc } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';
import { arrivedOf, type Arrived } from './told.ts';

/** What CloudWatch publishes of an alarm. */
const alarmMessage = z.object({
  AlarmName: z.string(),
  AlarmDescription: z.optional(z.nullable(z.string())),
  NewStateValue: z.string(),
  NewStateReason: z.optional(z.string()),
  StateChangeTime: z.optional(z.string()),
});

/** People's own, as descriptions begin with it. */
const RUNBOOK = /^Runbook: (https:\/\/\S+) and /;

const MAY_NOT_HELP = 'Headroom may not be able to help when a database is full';

/** An alarm on Headroom itself as a message, since channels have no form of its own for it; null for anything else. */
export function ownAlarm(json: unknown): Arrived | null {
  const parsed = alarmMessage.safeParse(json);
  if (!parsed.success) return null;
  const { AlarmName: name, AlarmDescription: text, NewStateValue: state, NewStateReason: reason = '' } = parsed.data;
  const runbook = RUNBOOK.exec(text ?? '')?.[1];
  const description = printable((text ?? '').replace(RUNBOOK, 'Runbook: '), 1_024);
  const alarm = printable(name, 255);
  const severity = state === 'ALARM' ? 'warning' : 'info';
  const happened = /What fires: ([^.]+)/.exec(description)?.[1];
  const at = Date.parse(parsed.data.StateChangeTime ?? '');
  const since = Number.isNaN(at) ? '' : `, since ${utc(at)} or before`;
  return arrivedOf(
    build({
      target: 'Headroom itself',
      clauses: state === 'ALARM' ? splitClauses(happened ?? alarm) : [`${alarm} is ${printable(state)} again`],
      sections: [
        ['Do', [description === '' ? `look at the alarm ${alarm}` : description]],
        ['Affects', [state === 'ALARM' ? `no client by this itself: ${MAY_NOT_HELP}${since}` : `nobody${since}`]],
        ['Why', [printable(reason, 300)]],
        ['Where', [`alarm ${alarm}`]],
        howToStopAll(),
      ],
      links: runbook === undefined ? {} : { runbook },
      json: { notice: 'own-alarm', severity, alarm, at: Number.isNaN(at) ? null : at },
      attributes: { severity, outcome: 'own-alarm', target: 'Headroom itself', incidentId: '', notice: 'own-alarm' },
    }),
  );
}
