import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeEventsCommand, RDSClient } from '@aws-sdk/client-rds';
import type { Surroundings } from '../core/ports.ts';
import { once } from './once.ts';

export interface SurroundingsOptions {
  readonly rds: RDSClient;
  readonly cloudWatch: CloudWatchClient;
  readonly now: () => number;
}

/** Of more than this nobody reads the rest. */
const MOST_CHANGES = 10;
/** Backups and the like come every night; they changed nothing. */
const CATEGORIES = ['availability', 'configuration change', 'failover', 'maintenance', 'recovery', 'notification'];

/** RDS events of the instance, which parameter changes are among, and its connections as CloudWatch has them. */
export function createSurroundings({ rds, cloudWatch, now }: SurroundingsOptions): Surroundings {
  return {
    async changes(instance, since) {
      const { Events: events = [] } = await rds.send(
        new DescribeEventsCommand({
          SourceType: 'db-instance',
          SourceIdentifier: instance,
          StartTime: new Date(since),
          EndTime: new Date(now()),
          EventCategories: CATEGORIES,
        }),
      );
      return events
        .flatMap(({ Date: at, Message: message }) => (at && message ? [{ at, message }] : []))
        .sort((a, b) => b.at.getTime() - a.at.getTime())
        .slice(0, MOST_CHANGES)
        .map(({ at, message }) => `${Math.round((now() - at.getTime()) / 60_000)} min ago: ${message}`);
    },
    async connections(instance, since) {
      const { MetricDataResults: [result] = [] } = await cloudWatch.send(
        new GetMetricDataCommand({
          StartTime: new Date(since),
          EndTime: new Date(now()),
          ScanBy: 'TimestampAscending',
          MetricDataQueries: [
            {
              Id: 'connections',
              MetricStat: {
                Metric: {
                  Namespace: 'AWS/RDS',
                  MetricName: 'DatabaseConnections',
                  Dimensions: [{ Name: 'DBInstanceIdentifier', Value: instance }],
                },
                Period: 60,
                Stat: 'Maximum',
              },
            },
          ],
        }),
      );
      const values = result?.Values ?? [];
      return (result?.Timestamps ?? []).flatMap((at, index) => {
        const used = values[index];
        return used === undefined ? [] : [{ at: at.getTime(), used }];
      });
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
