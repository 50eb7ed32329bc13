import {
  CloudWatchClient,
  GetMetricStatisticsCommand,
  paginateDescribeAlarms,
  type MetricAlarm,
} from '@aws-sdk/client-cloudwatch';
import { count } from '../../functions/core/words/count.ts';
import { findingOf, type InstallationFinding, type Problem } from './finding.ts';

/** Whether the alarms of the targets, and those on Headroom itself, are there, switched on and have data. */
export async function checkAlarms(
  region: string,
  { expected, prefixes }: { readonly expected: readonly string[]; readonly prefixes: readonly string[] },
): Promise<InstallationFinding> {
  const client = new CloudWatchClient({ region });
  try {
    const found = new Map<string, MetricAlarm>();
    for (const AlarmNamePrefix of prefixes) {
      const input = { AlarmNamePrefix, AlarmTypes: ['MetricAlarm' as const] };
      for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, input)) {
        for (const alarm of MetricAlarms) found.set(alarm.AlarmName ?? '', alarm);
      }
    }
    const missing = expected
      .filter((name) => !found.has(name))
      .map((name): Problem => {
        return { status: 'failed', detail: `${name} is not there`, fix: 'npx --no cdk deploy --all' };
      });
    return findingOf('alarms', count(found.size, 'alarm'), [...missing, ...[...found.values()].flatMap(problemOf)]);
  } finally {
    client.destroy();
  }
}

function problemOf(alarm: MetricAlarm): Problem[] {
  const {
    AlarmName: name = '',
    StateValue: state,
    StateReason: why = '',
    ActionsEnabled = true,
    AlarmActions = [],
  } = alarm;
  if (!ActionsEnabled && AlarmActions.length > 0) {
    const fix = `aws cloudwatch enable-alarm-actions --alarm-names ${name}`;
    return [{ status: 'failed', detail: `${name}: its actions are switched off`, fix }];
  }
  if (state === 'INSUFFICIENT_DATA') {
    const fix = 'wait some minutes after a deployment; then see whether the sampler runs and the instance exists';
    return [{ status: 'failed', detail: `${name} has no data`, fix }];
  }
  if (state === 'ALARM')
    return [{ status: 'warning', detail: `${name} is in ALARM (${why})`, fix: 'docs/runbook.md says what it means' }];
  return [];
}

const DAY_SECONDS = 86_400;
/** Metrics of one day each are kept for longer. */
const DAYS = 14;

/** Whether SNS has delivered notices of the last two weeks, as its metrics say. Sends none. */
export async function checkDeliveries(region: string, topic: string, now: number): Promise<InstallationFinding> {
  const client = new CloudWatchClient({ region });
  try {
    const sum = async (MetricName: string): Promise<number> => {
      const { Datapoints = [] } = await client.send(
        new GetMetricStatisticsCommand({
          ...{ Namespace: 'AWS/SNS', MetricName, Dimensions: [{ Name: 'TopicName', Value: topic }] },
          ...{ StartTime: new Date(now - DAYS * DAY_SECONDS * 1000), EndTime: new Date(now) },
          ...{ Period: DAY_SECONDS, Statistics: ['Sum'] },
        }),
      );
      return Datapoints.reduce((total, { Sum = 0 }) => total + Sum, 0);
    };
    const [delivered, failed] = [await sum('NumberOfNotificationsDelivered'), await sum('NumberOfNotificationsFailed')];
    const problems: Problem[] = [];
    if (failed > 0) {
      const detail = `${count(failed, 'notification')} failed in ${DAYS} days`;
      problems.push({
        status: 'failed',
        detail,
        fix: 'see the subscriptions of the topic: docs/runbook.md#notices-failed',
      });
    } else if (delivered === 0) {
      const detail = `nothing was sent in ${DAYS} days, so nothing shows that notices arrive`;
      problems.push({ status: 'warning', detail, fix: 'send one: npx --no headroom rehearse' });
    }
    return findingOf('deliveries', `${count(delivered, 'notification')} in ${DAYS} days`, problems);
  } finally {
    client.destroy();
  }
}
