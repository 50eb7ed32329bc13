import {
  CloudWatchClient,
  paginateDescribeAlarms,
  type AlarmType,
  type CompositeAlarm,
  type DescribeAlarmsInput,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import type { Alarms } from '../../core/ports/outside.ts';
import type { AlarmSighting } from '../../core/record/incident.ts';
import { once } from '../process/once.ts';

export interface AlarmsOptions {
  readonly client: CloudWatchClient;
}

const ALARM_TYPES: AlarmType[] = ['MetricAlarm', 'CompositeAlarm'];
/** DescribeAlarms takes this many names. Given none at all it would describe every alarm of the account. */
const NAMES_PER_CALL = 100;

/** The alarms of CloudWatch, composite ones included. A name that no alarm has is no error. */
export function createAlarms({ client }: AlarmsOptions): Alarms {
  return {
    async active(names) {
      const sightings: AlarmSighting[] = [];
      for (let from = 0; from < names.length; from += NAMES_PER_CALL) {
        sightings.push(...(await describeActive(client, { AlarmNames: names.slice(from, from + NAMES_PER_CALL) })));
      }
      return sightings;
    },
    activeUnder: (prefix) => describeActive(client, { AlarmNamePrefix: prefix, MaxRecords: 100 }),
  };
}

async function describeActive(client: CloudWatchClient, which: DescribeAlarmsInput): Promise<AlarmSighting[]> {
  const sightings: AlarmSighting[] = [];
  const pages = paginateDescribeAlarms({ client }, { ...which, AlarmTypes: ALARM_TYPES, StateValue: 'ALARM' });
  for await (const { MetricAlarms: metric = [], CompositeAlarms: composite = [] } of pages) {
    sightings.push(...[...metric, ...composite].flatMap(sightingOf));
  }
  return sightings;
}

/** One per process. */
export const alarmsFromEnvironment = once((): Alarms => {
  const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
  return createAlarms({ client: new CloudWatchClient({ requestHandler }) });
});

function sightingOf(alarm: MetricAlarm | CompositeAlarm): AlarmSighting[] {
  const { AlarmName: name, StateTransitionedTimestamp: transitioned, StateUpdatedTimestamp: updated } = alarm;
  const at = transitioned ?? updated;
  if (name === undefined || at === undefined || alarm.StateValue !== 'ALARM') return [];
  return [{ alarm: name, at: at.getTime(), reason: alarm.StateReason ?? '' }];
}
