import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';
import type { OwnAlarms } from '../../core/ports/outside.ts';
import { once } from '../process/once.ts';

/** The alarms on RDS's count of connections, as the stacks of targets make them. */
export function createOwnAlarms(client: CloudWatchClient): OwnAlarms {
  return {
    async standing(names) {
      const { MetricAlarms: alarms = [] } = await client.send(
        new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: ['MetricAlarm'] }),
      );
      return new Map(
        alarms.flatMap(({ AlarmName: name, Threshold: threshold, AlarmDescription: description = '' }) =>
          name === undefined || threshold === undefined ? [] : [[name, { threshold, description }] as const],
        ),
      );
    },
    async put({ name, instance, description, threshold, minutes }) {
      await client.send(
        new PutMetricAlarmCommand({
          AlarmName: name,
          AlarmDescription: description,
          Namespace: 'AWS/RDS',
          MetricName: 'DatabaseConnections',
          Dimensions: [{ Name: 'DBInstanceIdentifier', Value: instance }],
          Statistic: 'Maximum',
          Period: 60,
          EvaluationPeriods: minutes,
          DatapointsToAlarm: minutes,
          Threshold: threshold,
          ComparisonOperator: 'GreaterThanOrEqualToThreshold',
          TreatMissingData: 'missing',
        }),
      );
    },
    async remove(names) {
      await client.send(new DeleteAlarmsCommand({ AlarmNames: [...names] }));
    },
  };
}

/** One per process. */
export const ownAlarmsFromEnvironment = once((): OwnAlarms => {
  const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
  return createOwnAlarms(new CloudWatchClient({ requestHandler }));
});
