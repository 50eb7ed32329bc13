import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policy } from '../../../../functions/core/policy/policy.ts';
import type { TargetSettings } from '../../../../functions/core/policy/target.ts';
import {
  belongsTo,
  incidentIdFor,
  makeAlarmEvent,
  parseAlarmEvent,
} from '../../../../functions/core/protocol/alarm-event.ts';

const TARGET: TargetSettings = {
  id: 'orders',
  engine: 'postgres',
  instance: 'orders-db',
  endpoint: 'orders-db.example.internal:5432',
  worker: 'headroom-worker-orders',
  alarms: ['headroom-orders-connections-high', 'headroom-orders-either'],
  mode: 'act',
  isRds: true,
  pools: [],
  policy: policy.parse({}),
};
const AT = Date.UTC(2026, 10, 21, 3, 0, 5, 989);

const metricOf = (dimensions: Record<string, string>) => ({
  id: 'm1',
  metricStat: {
    metric: { namespace: 'AWS/RDS', name: 'DatabaseConnections', dimensions },
    period: 60,
    stat: 'Maximum',
  },
  returnData: true,
});

function anEvent(configuration: unknown, state: Record<string, unknown> = {}) {
  const name = 'headroom-orders-connections-high';
  return {
    version: '0',
    id: 'c4c1c1c9-6542-e61b-6ef0-8c4d36933a92',
    'detail-type': 'CloudWatch Alarm State Change',
    source: 'aws.cloudwatch',
    account: '123456789012',
    time: '2026-11-21T03:00:05Z',
    region: 'eu-west-1',
    resources: [`arn:aws:cloudwatch:eu-west-1:123456789012:alarm:${name}`],
    detail: {
      alarmName: name,
      configuration,
      previousState: { value: 'OK', reason: 'calm', timestamp: '2026-11-21T01:00:05.000+0000' },
      state: { value: 'ALARM', reason: 'Threshold Crossed', timestamp: '2026-11-21T03:00:05.989+0000', ...state },
    },
  };
}

const single = anEvent({ description: 'x', metrics: [metricOf({ DBInstanceIdentifier: 'orders-db' })] });

describe('parseAlarmEvent', () => {
  it('reads the event of a single metric', () => {
    expect(parseAlarmEvent(single)).toEqual({
      eventId: 'c4c1c1c9-6542-e61b-6ef0-8c4d36933a92',
      alarmName: 'headroom-orders-connections-high',
      alarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:headroom-orders-connections-high',
      account: '123456789012',
      region: 'eu-west-1',
      state: 'ALARM',
      at: AT,
      reason: 'Threshold Crossed',
      kind: 'metric',
      dimensions: { instances: ['orders-db'], clusters: [] },
    });
  });

  it('reads the event of an expression, with the instances of its metrics', () => {
    const metrics = [
      { id: 'e1', expression: 'm1 / 100', label: 'usage', returnData: true },
      { ...metricOf({ DBInstanceIdentifier: 'orders-db' }), returnData: false },
      { ...metricOf({ DBClusterIdentifier: 'orders', Role: 'WRITER' }), id: 'm2', returnData: false },
    ];
    expect(parseAlarmEvent(anEvent({ metrics }))).toMatchObject({
      kind: 'math',
      dimensions: { instances: ['orders-db'], clusters: ['orders'] },
    });
    const insights = [{ id: 'e1', expression: "DB_PERF_INSIGHTS('RDS','db-ABC','db.User.numbackends.avg')" }];
    expect(parseAlarmEvent(anEvent({ metrics: insights }))).toMatchObject({
      kind: 'math',
      dimensions: { instances: [] },
    });
  });

  it('reads the event of a composite alarm, which names no metric', () => {
    const configuration = { alarmRule: 'ALARM(a) OR ALARM(b)', actionsSuppressor: 'c' };
    const state = { reasonData: '{"triggeringAlarms":[]}', actionsSuppressedBy: 'Alarm' };
    expect(parseAlarmEvent(anEvent(configuration, state))).toMatchObject({
      kind: 'composite',
      dimensions: { instances: [], clusters: [] },
    });
  });

  it('does not read reasonData, whatever it holds, and does without a reason', () => {
    const event = anEvent({ alarmRule: 'ALARM(a)' }, { reason: undefined, reasonData: 42 });
    expect(parseAlarmEvent(event)).toMatchObject({ reason: '', state: 'ALARM' });
  });

  it.each(['OK', 'INSUFFICIENT_DATA'])('reads the state %s', (value) => {
    expect(parseAlarmEvent(anEvent({ alarmRule: 'x' }, { value })).state).toBe(value);
  });

  it('puts a hostile reason on one bounded line', () => {
    const { reason } = parseAlarmEvent(
      anEvent({ alarmRule: 'x' }, { reason: 'a\r\nSubject: b\u001b[2J‮'.repeat(900) }),
    );
    expect(reason).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(reason.length).toBeLessThanOrEqual(500);
  });

  it.each([
    ['neither metrics nor a rule', {}],
    ['both metrics and a rule', { metrics: [metricOf({})], alarmRule: 'x' }],
    ['several metrics without an expression', { metrics: [metricOf({}), { ...metricOf({}), id: 'm2' }] }],
    ['a metric that is none', { metrics: [{ id: 'm1', returnData: true }] }],
    ['a metric and expression in one', { metrics: [{ ...metricOf({}), expression: 'm1' }] }],
  ])('refuses %s', (_, configuration) => {
    expect(() => parseAlarmEvent(anEvent(configuration))).toThrow(
      /detail\.configuration: found \{.*expected one metric/,
    );
  });

  it('names every problem at once, with what it found and what was expected', () => {
    const event = {
      ...single,
      source: 'aws.rds',
      account: 'mine',
      detail: { ...single.detail, alarmName: undefined, state: { value: 'FINE', timestamp: 3 } },
    };
    let message = '';
    try {
      parseAlarmEvent(event);
    } catch (error) {
      expect(error).toMatchObject({ name: 'BadRequest' });
      message = String(error);
    }
    expect(message).toMatch(/source: found "aws\.rds", .*expected "aws\.cloudwatch"/);
    expect(message).toMatch(/account: found "mine", expected an account id of 12 digits/);
    expect(message).toMatch(/detail\.alarmName: found nothing, .*expected string/);
    expect(message).toMatch(/detail\.state\.value: found "FINE", .*"ALARM"\|"OK"\|"INSUFFICIENT_DATA"/);
    expect(message).toMatch(/detail\.state\.timestamp: found 3, .*expected string/);
  });

  // As CloudWatch, SNS, SQS and others write them, shortened.
  it.each([
    [null, 'nothing (null)'],
    [[single, single], 'a list of 2; use one event of it'],
    [JSON.stringify(single), 'a text; if it holds JSON, use that itself'],
    [
      { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', Sns: { Type: 'Notification', Message: '{}' } }] },
      'what SNS passes to a Lambda function',
    ],
    [
      { Records: [{ messageId: '059f36b4', body: '{}', eventSource: 'aws:sqs' }] },
      'what SQS passes to a Lambda function',
    ],
    [
      { Type: 'Notification', MessageId: '22b80b92', TopicArn: 'arn:aws:sns:eu-west-1:123456789012:x', Message: '{}' },
      'a notification of SNS',
    ],
    [
      {
        AlarmName: 'cpu',
        NewStateValue: 'ALARM',
        OldStateValue: 'OK',
        StateChangeTime: '2026-11-21T03:00:05.989+0000',
      },
      'the message that an alarm sends to SNS',
    ],
    [{ MetricAlarms: [{ AlarmName: 'x', StateValue: 'ALARM' }] }, 'the output of "aws cloudwatch describe-alarms"'],
    [{ AlarmName: 'x', StateValue: 'ALARM' }, 'an alarm as "aws cloudwatch describe-alarms" prints it'],
    [{ AlarmHistoryItems: [] }, 'the output of "aws cloudwatch describe-alarm-history"'],
    [
      { source: 'aws.cloudwatch', alarmArn: 'arn:aws:cloudwatch:eu-west-1:123456789012:alarm:x', alarmData: {} },
      'what an alarm passes to a Lambda function directly',
    ],
    [{ version: '4', status: 'firing', alerts: [{ status: 'firing' }] }, 'a message of Alertmanager or Grafana'],
    [{ schema: 1, target: { id: 'orders' }, event: single }, 'what the rule of a target passes on'],
    [
      { ...single, source: 'aws.rds', 'detail-type': 'RDS DB Instance Event' },
      'the event "RDS DB Instance Event" of aws.rds',
    ],
  ])('names an event of another kind for what it is: %#', (event, words) => {
    expect(() => parseAlarmEvent(event)).toThrow(`not an alarm event but ${words}`);
  });

  it('refuses an alarm ARN that is not the one of the alarm', () => {
    const resources = ['arn:aws:cloudwatch:eu-west-1:123456789012:alarm:another'];
    expect(() => parseAlarmEvent({ ...single, resources })).toThrow(/resources\.0: .*another.*detail\.alarmName/);
  });

  it.each(['yesterday', '2026-13-45T03:00:00.000+0000', '2026-11-21T03:00:00.000+0200', ''])(
    'refuses the time %j',
    (timestamp) => {
      expect(() => parseAlarmEvent(anEvent({ alarmRule: 'x' }, { timestamp }))).toThrow(/detail\.state\.timestamp/);
    },
  );

  it('refuses anything else with a bounded message, and never fails otherwise', () => {
    fc.assert(
      fc.property(fc.anything(), (event) => {
        let message = '';
        try {
          parseAlarmEvent(event);
        } catch (error) {
          expect(error).toMatchObject({ name: 'BadRequest' });
          message = String(error);
        }
        expect(message).toMatch(/not an alarm event/);
        expect(message.length).toBeLessThan(10_000);
      }),
    );
  });
});

describe('belongsTo', () => {
  const event = parseAlarmEvent(single);

  it('accepts an alarm of the target, with or without dimensions', () => {
    expect(belongsTo(event, TARGET)).toBe(true);
    expect(belongsTo({ ...event, dimensions: { instances: [], clusters: ['orders'] } }, TARGET)).toBe(true);
    expect(belongsTo({ ...event, dimensions: { instances: ['ORDERS-DB'], clusters: [] } }, TARGET)).toBe(true);
  });

  it('refuses an alarm that the target does not name', () => {
    expect(belongsTo({ ...event, alarmName: 'cpu-high' }, TARGET)).toMatch(
      /"cpu-high" is none of the alarms of target orders/,
    );
  });

  it('refuses an alarm that watches another instance, or another one as well', () => {
    for (const instances of [['billing-db'], ['orders-db', 'billing-db']]) {
      const verdict = belongsTo({ ...event, dimensions: { instances, clusters: [] } }, TARGET);
      expect(verdict).toMatch(/watches "billing-db", but target orders is instance "orders-db"/);
    }
  });
});

describe('incidentIdFor', () => {
  it('derives from target, time and alarm alone', () => {
    const id = incidentIdFor('orders', 'headroom-orders-connections-high', AT);
    expect(id).toMatch(/^orders-20261121T030005989-[0-9a-f]{6}$/);
    expect(incidentIdFor('orders', 'headroom-orders-connections-high', AT)).toBe(id);
    expect(incidentIdFor('orders', 'headroom-orders-either', AT)).not.toBe(id);
    expect(incidentIdFor('orders', 'headroom-orders-connections-high', AT + 1)).not.toBe(id);
  });

  it('is a name that Step Functions takes, for the longest target and the most hostile alarm', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 4e12 }), (alarm, at) => {
        expect(incidentIdFor('a'.repeat(30), alarm, at)).toMatch(/^[a-zA-Z0-9_-]{1,80}$/);
      }),
    );
  });
});

describe('makeAlarmEvent', () => {
  it('makes an event that is read back as one of the target', () => {
    const event = parseAlarmEvent(makeAlarmEvent({ settings: TARGET, at: AT, reason: 'rehearsal' }));
    expect(event).toMatchObject({ state: 'ALARM', at: AT, kind: 'metric', reason: 'rehearsal' });
    expect(belongsTo(event, TARGET)).toBe(true);
  });

  it('makes the same event for the same moment and another for the next', () => {
    expect(makeAlarmEvent({ settings: TARGET, at: AT })).toEqual(makeAlarmEvent({ settings: TARGET, at: AT }));
    expect(makeAlarmEvent({ settings: TARGET, at: AT })['id']).not.toBe(
      makeAlarmEvent({ settings: TARGET, at: AT + 1 })['id'],
    );
  });
});
