import type { DescribeAlarmsInput, DescribeAlarmsOutput } from '@aws-sdk/client-cloudwatch';
import * as z from 'zod';
import { ACCOUNT, REGION } from '../machine/place.ts';
import { checkRequest, pageOf, requestOf } from './request-check.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** The alarms of the synthesized stacks. Nothing measures here: a caller says what state they are in. */
export interface LocalAlarms {
  /** `at` is epoch milliseconds. Throws for a name that no stack has. */
  set(name: string, state: AlarmState, at: number, reason: string): void;
  readonly operations: Readonly<Record<string, (request: unknown) => unknown>>;
}

const describeAlarms = requestOf<DescribeAlarmsInput>()({
  AlarmNames: z.array(z.string()).max(100).optional(),
  AlarmNamePrefix: z.string().optional(),
  AlarmTypes: z.array(z.enum(['MetricAlarm', 'CompositeAlarm'])).optional(),
  StateValue: z.enum(['OK', 'ALARM', 'INSUFFICIENT_DATA']).optional(),
  MaxRecords: z.int().min(1).max(100).optional(),
  NextToken: z.string().optional(),
});

export function createAlarms(names: readonly string[]): LocalAlarms {
  const alarms = new Map<string, { readonly state: AlarmState; readonly at: number; readonly reason: string }>(
    names.map((name) => [name, { state: 'OK', at: Date.now(), reason: 'not set yet' }]),
  );

  /** As the protocol writes it: times are epoch seconds. */
  type Written = Omit<DescribeAlarmsOutput, 'MetricAlarms'> & { MetricAlarms: readonly object[] };
  const listAlarms = (request: unknown): Written => {
    const asked = checkRequest(describeAlarms, 'DescribeAlarms', request);
    const wanted = [...alarms].filter(
      ([name, { state }]) =>
        (asked.AlarmNames?.includes(name) ?? true) &&
        name.startsWith(asked.AlarmNamePrefix ?? '') &&
        (asked.StateValue === undefined || asked.StateValue === state),
    );
    const hasMetricAlarms = asked.AlarmTypes?.includes('MetricAlarm') ?? true;
    const { page, next } = pageOf(hasMetricAlarms ? wanted : [], asked.MaxRecords ?? 50, asked.NextToken);
    return {
      MetricAlarms: page.map(([name, { state, at, reason }]) => ({
        AlarmName: name,
        AlarmArn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`,
        StateValue: state,
        StateReason: reason,
        StateUpdatedTimestamp: at / 1000,
        StateTransitionedTimestamp: at / 1000,
      })),
      CompositeAlarms: [],
      ...(next === undefined ? {} : { NextToken: next }),
    };
  };

  return {
    operations: { DescribeAlarms: listAlarms },
    set(name, state, at, reason) {
      if (!alarms.has(name)) {
        throw new Error(`no alarm is named "${name}"; there are ${names.join(', ') || 'none'}`);
      }
      alarms.set(name, { state, at, reason });
    },
  };
}
