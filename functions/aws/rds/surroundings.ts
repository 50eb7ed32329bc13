import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  DescribeDBInstancesCommand,
  DescribeEventsCommand,
  RDSClient,
  type DBInstance,
  type SourceType,
} from '@aws-sdk/client-rds';
import type { Surroundings } from '../../core/ports/outside.ts';
import { once } from '../process/once.ts';

export interface SurroundingsOptions {
  readonly rds: RDSClient;
  readonly cloudWatch: CloudWatchClient;
  readonly now: () => number;
}

/** Past this many nobody reads the rest. */
const MOST_CHANGES = 10;
/** Backups and the like come every night; they changed nothing. */
const CATEGORIES = ['availability', 'configuration change', 'failover', 'maintenance', 'recovery', 'notification'];

/** RDS events of the instance, its parameter groups and its cluster, and the metrics that CloudWatch has of it. */
export function createSurroundings(clients: SurroundingsOptions): Surroundings {
  const { now } = clients;
  return {
    async masterUser(instance) {
      return (await describeInstance(instance, clients))?.MasterUsername ?? null;
    },
    async changes(instance, since) {
      const own = readEvents({ type: 'db-instance', name: instance, prefix: '' }, since, clients);
      // What cannot be had of the others takes nothing from the instance's own.
      const around = readEventsAround(instance, since, clients).catch(() => []);
      return (await Promise.all([own, around]))
        .flat()
        .sort((a, b) => b.at - a.at)
        .slice(0, MOST_CHANGES)
        .map(({ at, words }) => `${Math.round((now() - at) / 60_000)} min ago: ${words}`);
    },
    async connections(instance, since) {
      const points = await readMetric(instance, since, { name: 'DatabaseConnections', statistic: 'Maximum' }, clients);
      return points.map(({ at, value }) => ({ at, used: value }));
    },
    async freeMemory(instance, since) {
      const points = await readMetric(instance, since, { name: 'FreeableMemory', statistic: 'Minimum' }, clients);
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

/** Where RDS keeps events that concern an instance. */
interface EventSource {
  readonly type: SourceType;
  readonly name: string;
  /** Put before its messages, where they do not name their source. */
  readonly prefix: string;
}

interface Change {
  readonly at: number;
  readonly words: string;
}

async function readEvents(
  { type, name, prefix }: EventSource,
  since: number,
  { rds, now }: SurroundingsOptions,
): Promise<Change[]> {
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

async function describeInstance(instance: string, { rds }: SurroundingsOptions): Promise<DBInstance | undefined> {
  const { DBInstances: [found] = [] } = await rds.send(
    new DescribeDBInstancesCommand({ DBInstanceIdentifier: instance }),
  );
  return found;
}

/** A changed parameter is an event of its group, a failover one of the cluster. */
async function readEventsAround(instance: string, since: number, clients: SurroundingsOptions): Promise<Change[]> {
  const found = await describeInstance(instance, clients);
  const groups = (found?.DBParameterGroups ?? []).flatMap(({ DBParameterGroupName: name }) => name ?? []);
  const cluster = found?.DBClusterIdentifier;
  const sources: EventSource[] = [
    ...groups.map((name) => ({ type: 'db-parameter-group', name, prefix: `parameter group ${name}: ` }) as const),
    ...(cluster ? [{ type: 'db-cluster', name: cluster, prefix: `cluster ${cluster}: ` } as const] : []),
  ];
  return (await Promise.all(sources.map((source) => readEvents(source, since, clients)))).flat();
}

/** A metric of RDS by the minute, oldest first. */
async function readMetric(
  instance: string,
  since: number,
  { name, statistic }: { readonly name: string; readonly statistic: 'Maximum' | 'Minimum' },
  { cloudWatch, now }: SurroundingsOptions,
): Promise<{ readonly at: number; readonly value: number }[]> {
  const Metric = {
    Namespace: 'AWS/RDS',
    MetricName: name,
    Dimensions: [{ Name: 'DBInstanceIdentifier', Value: instance }],
  };
  const { MetricDataResults: [result] = [] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(since),
      EndTime: new Date(now()),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [{ Id: 'metric', MetricStat: { Metric, Period: 60, Stat: statistic } }],
    }),
  );
  const values = result?.Values ?? [];
  return (result?.Timestamps ?? []).flatMap((at, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ at: at.getTime(), value }];
  });
}
