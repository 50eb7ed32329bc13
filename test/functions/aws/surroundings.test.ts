import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { RDSClient } from '@aws-sdk/client-rds';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSurroundings } from '../../../functions/aws/surroundings.ts';
import type { Surroundings } from '../../../functions/core/ports.ts';
import { MINUTE, T0 } from './samples.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

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

it('tells what was done to the instance lately, newest first', async () => {
  const event = (minutesAgo: number, message: string) =>
    `<Event><Date>${new Date(T0 - minutesAgo * MINUTE).toISOString()}</Date><Message>${message}</Message></Event>`;
  endpoint.script({
    body: `<DescribeEventsResponse><DescribeEventsResult><Events>${event(90, 'DB instance restarted')}${event(12, 'Finished updating DB parameter group')}</Events></DescribeEventsResult></DescribeEventsResponse>`,
  });
  expect(await surroundings.changes('orders-db', T0 - 120 * MINUTE)).toEqual([
    '12 min ago: Finished updating DB parameter group',
    '90 min ago: DB instance restarted',
  ]);
  expect(String(endpoint.received[0]?.body)).toContain('SourceIdentifier=orders-db');
});

it('reads the connections of the instance by the minute', async () => {
  endpoint.script({
    body: {
      MetricDataResults: [{ Id: 'connections', Timestamps: [T0 / 1000 - 120, T0 / 1000 - 60], Values: [40, 95] }],
    },
  });
  expect(await surroundings.connections('orders-db', T0 - 120 * MINUTE)).toEqual([
    { at: T0 - 2 * MINUTE, used: 40 },
    { at: T0 - MINUTE, used: 95 },
  ]);
});
