import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSurroundings } from '../../../../functions/aws/rds/surroundings.ts';
import type { Surroundings } from '../../../../functions/core/ports/outside.ts';
import { MINUTE, T0 } from '../incident-store/samples.ts';
import {
  startScriptedEndpoint,
  type Received,
  type Reply,
  type ScriptedEndpoint,
} from '../clients/scripted-endpoint.ts';

type Answer = Exclude<Reply, (request: Received) => Reply>;

let endpoint: ScriptedEndpoint;
let cloudWatch: CloudWatchClient;
let surroundings: Surroundings;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  cloudWatch = new CloudWatchClient({ ...endpoint.config, maxAttempts: 1, disableRequestCompression: true });
  const rds = new RDSClient({ ...endpoint.config, maxAttempts: 1 });
  surroundings = createSurroundings({ rds, cloudWatch, now: () => T0 });
});
afterAll(async () => {
  cloudWatch.destroy();
  await endpoint.stop();
});

const event = (minutesAgo: number, message: string) =>
  `<Event><Date>${new Date(T0 - minutesAgo * MINUTE).toISOString()}</Date><Message>${message}</Message></Event>`;
const events = (...of: string[]) => ({
  body: `<DescribeEventsResponse><DescribeEventsResult><Events>${of.join('')}</Events></DescribeEventsResult></DescribeEventsResponse>`,
});

/** What RDS answers, whatever is asked first. */
function rdsAnswers({ body }: Received, instances: Answer): Answer {
  const asked = new URLSearchParams(String(body));
  if (asked.get('Action') === 'DescribeDBInstances') return instances;
  const source = `${asked.get('SourceType')} ${asked.get('SourceIdentifier')}`;
  switch (source) {
    case 'db-instance orders-db':
      return events(event(90, 'DB instance restarted'), event(12, 'Finished updating DB parameter group'));
    case 'db-parameter-group orders-pg':
      return events(event(14, 'Updated parameter max_connections to 200 with apply method immediate'));
    case 'db-cluster orders':
      return events(event(91, 'Completed failover to DB instance'));
    default:
      return { status: 400, body: source };
  }
}

it('tells what was done to the instance, its parameters and its cluster lately, newest first', async () => {
  const instances = {
    body: `<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>
      <DBParameterGroups><DBParameterGroup><DBParameterGroupName>orders-pg</DBParameterGroupName></DBParameterGroup></DBParameterGroups>
      <DBClusterIdentifier>orders</DBClusterIdentifier>
      </DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`,
  };
  endpoint.script(...Array.from({ length: 4 }, () => (request: Received) => rdsAnswers(request, instances)));
  expect(await surroundings.changes('orders-db', T0 - 120 * MINUTE)).toEqual([
    '12 min ago: Finished updating DB parameter group',
    '14 min ago: parameter group orders-pg: Updated parameter max_connections to 200 with apply method immediate',
    '90 min ago: DB instance restarted',
    '91 min ago: cluster orders: Completed failover to DB instance',
  ]);
});

it('names the master user of the instance, and nobody where RDS does not', async () => {
  const named = (inner: string) => ({
    body: `<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>${inner}</DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>`,
  });
  endpoint.script(named('<MasterUsername>dba</MasterUsername>'), named(''));
  expect(await surroundings.masterUser('orders-db')).toBe('dba');
  expect(await surroundings.masterUser('orders-db')).toBeNull();
});

it('tells what was done to the instance also where the rest may not be read', async () => {
  const denied = { status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>' };
  endpoint.script(...Array.from({ length: 2 }, () => (request: Received) => rdsAnswers(request, denied)));
  expect(await surroundings.changes('orders-db', T0 - 120 * MINUTE)).toHaveLength(2);
});

it('reads the connections of the instance by the minute', async () => {
  endpoint.script({
    body: {
      MetricDataResults: [{ Id: 'metric', Timestamps: [T0 / 1000 - 120, T0 / 1000 - 60], Values: [40, 95] }],
    },
  });
  expect(await surroundings.connections('orders-db', T0 - 120 * MINUTE)).toEqual([
    { at: T0 - 2 * MINUTE, used: 40 },
    { at: T0 - MINUTE, used: 95 },
  ]);
});

it('reads the least memory that was free, and knows when nobody can tell', async () => {
  endpoint.script(
    { body: { MetricDataResults: [{ Id: 'metric', Timestamps: [T0 / 1000 - 120, T0 / 1000], Values: [4e9, 3e9] }] } },
    { body: { MetricDataResults: [{ Id: 'metric', Timestamps: [], Values: [] }] } },
  );
  expect(await surroundings.freeMemory('orders-db', T0 - 120 * MINUTE)).toBe(3e9);
  expect(await surroundings.freeMemory('orders-db', T0 - 120 * MINUTE)).toBeNull();
});
