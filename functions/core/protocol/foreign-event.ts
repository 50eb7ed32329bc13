import { printable } from '../words/printable.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What people put in the place of an alarm event, each with how to know it. The first that fits names the event. */
const FORMS: readonly (readonly [words: string, isIt: (fields: Fields) => boolean])[] = [
  ['what SNS passes to a Lambda function', ({ Records }) => hasRecordOf(Records, 'aws:sns')],
  ['what SQS passes to a Lambda function', ({ Records }) => hasRecordOf(Records, 'aws:sqs')],
  ['a notification of SNS', ({ Type, TopicArn }) => typeof Type === 'string' && typeof TopicArn === 'string'],
  ['the message that an alarm sends to SNS', ({ AlarmName, NewStateValue }) => areTexts(AlarmName, NewStateValue)],
  [
    'an alarm as "aws cloudwatch describe-alarms" prints it',
    ({ AlarmName, StateValue }) => areTexts(AlarmName, StateValue),
  ],
  [
    'the output of "aws cloudwatch describe-alarms"',
    ({ MetricAlarms, CompositeAlarms }) => isAnyList(MetricAlarms, CompositeAlarms),
  ],
  ['the output of "aws cloudwatch describe-alarm-history"', ({ AlarmHistoryItems }) => isAnyList(AlarmHistoryItems)],
  [
    'what an alarm passes to a Lambda function directly',
    ({ alarmArn, alarmData }) => areTexts(alarmArn) && isRecord(alarmData),
  ],
  ['a message of Alertmanager or Grafana', ({ alerts }) => isAnyList(alerts)],
  [
    'what the rule of a target passes on, with the event in its field "event"',
    ({ target, event }) => isRecord(target) && isRecord(event),
  ],
];

/** Names an event of another kind than a change of an alarm's state: `a list`. Null when it could be one. */
export function nameForeignEvent(event: unknown): string | null {
  if (event === null || event === undefined) return 'nothing (null)';
  if (Array.isArray(event)) return `a list of ${event.length}; use one event of it`;
  if (typeof event === 'string') return 'a text; if it holds JSON, use that itself';
  if (!isRecord(event)) return `a ${typeof event}`;
  const form = FORMS.find(([, isIt]) => isIt(event));
  if (form) return form[0];
  const { source, 'detail-type': kind } = event;
  if (typeof source !== 'string' || typeof kind !== 'string' || kind === ALARM_STATE_CHANGE) return null;
  return `the event "${printable(kind, 80)}" of ${printable(source, 80)}`;
}

/** The `detail-type` that EventBridge gives an alarm event. */
export const ALARM_STATE_CHANGE = 'CloudWatch Alarm State Change';

function hasRecordOf(records: unknown, source: string): boolean {
  if (!Array.isArray(records)) return false;
  const [first] = records as readonly unknown[];
  return isRecord(first) && (first['EventSource'] === source || first['eventSource'] === source);
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function isAnyList(...values: readonly unknown[]): boolean {
  return values.some(Array.isArray);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
