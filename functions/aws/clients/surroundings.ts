import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeDBInstancesCommand, DescribeEventsCommand, RDSClient, type SourceType } from '@aws-sdk/client-rds';
import type { Surroundings } from '../../core/ports/outside.ts';
import { once } from '../process/once.ts';

export interface SurroundingsOptions {
  readonly rds: RDSClient;
  readonly cloudWatch: CloudWatchClient;
  readonly now: () => number;
}

/** Of more than this nobody reads the rest. */
const MOST_CHANGES = 10;
/** Backups and the like come every night; they changed nothing. */
const CATEGORIES = ['availability', 'configuration change', 'failover', 'maintenance', 'recovery', 'notification'];

/** Where RDS keeps events that concern an instance. */
interface EventSource {
  readonly type: SourceType;
  readonly name: string;
  /** Put before its messages, where they do not say of whom they speak. */
  readonly prefix: string;
}

/** RDS events of the instance, its parameter groups and its cluster, and the metrics that CloudWatch has of it. */
export function createSurroundings({ rds, cloudWatch, now }: SurroundingsOptions): Surroundings {
  async function eventsOf({ type, name, prefix }: EventSource, since: number) {
    const { Events: events = [] } = await rds.send(
      new DescribeEventsCommand({
        SourceType: type,
        SourceIdentifier: name,
        StartTime: new Date(since),
        EndTime: new Date(now()),
        EventCategories: CATEGORIES,
      }),
    );
    return events.flatMap(({ Date: at, Message: message }) =>
      at && message ? [{ at: at.getTime(), words: prefix + message }] : [],
    );
  }

  /** A changed parameter is an event of its group, a failover one of the cluster. */
  async function eventsAround(instance: string, since: number) {
    const { DBInstances: [found] = [] } = await rds.send(
      new DescribeDBInstancesCommand({ DBInstanceIdentifier: instance }),
    );
    const groups = (found?.DBParameterGroups ?? []).flatMap(({ DBParameterGroupName: name }) => name ?? []);
    const cluster = found?.DBClusterIdentifier;
    const sources: EventSource[] = [
      ...groups.map((name) => ({ type: 'db-parameter-group', name, prefix: `parameter group ${name}: ` }) as const),
      ...(cluster ? [{ type: 'db-cluster', name: cluster, prefix: `cluster ${cluster}: ` } as const] : []),
    ];
    return (await Promise.all(sources.map((source) => eventsOf(source, since)))).flat();
  }

  async function readMetric(instance: string, since: number, metric: string, statistic: 'Maximum' | 'Minimum') {
    const { MetricDataResults: [result] = [] } = await cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(since),
        EndTime: new Date(now()),
        ScanBy: 'TimestampAscending',
        MetricDataQueries: [
          {
            Id: 'metric',
            MetricStat: {
              Metric: {
                Namespace: 'AWS/RDS',
                MetricName: metric,
                Dimensions: [{ Name: 'DBInstanceIdentifier', Value: instance }],
              },
              Period: 60,
              Stat: statistic,
            },
          },
        ],
      }),
    );
    const values = result?.Values ?? [];
    return (result?.Timestamps ?? []).flatMap((at, index) => {
      const value = values[index];
      return value === undefined ? [] : [{ at: at.getTime(), value }];
    });
  }

  return {
    async changes(instance, since) {
      const own = eventsOf({ type: 'db-instance', name: instance, prefix: '' }, since);
      // What cannot be had of the others takes nothing from the instance's own.
      const [events, around] = await Promise.all([own, eventsAround(instance, since).catch(() => [])]);
      return [...events, ...around]
        .sort((a, b) => b.at - a.at)
        .slice(0, MOST_CHANGES)
        .map(({ at, words }) => `${Math.round((now() - at) / 60_000)} min ago: ${words}`);
    },
    async connections(instance, since) {
      const points = await readMetric(instance, since, 'DatabaseConnections', 'Maximum');
      return points.map(({ at, value }) => ({ at, used: value }));
    },
    async freeMemory(instance, since) {
      const points = await readMetric(instance, since, 'FreeableMemory', 'Minimum');
      return points.length === 0 ? null : Math.min(...points.map(({ value }) => value));
    },
  };
}

/** One per process. What is not there in a few seconds is not waited for. */
export const surroundingsFromEnvironment = once((): Surroundings => {
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };
  const options = { requestHandler, maxAttempts: 2 };
  return createSurroundings({
    rds: new RDSClient(options),
    cloudWatch: new CloudWatchClient(options),
    now: () => Date.now(),
  });
});
