import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAlarms } from '../../../../functions/aws/clients/alarms.ts';
import type { Alarms } from '../../../../functions/core/ports/outside.ts';
import { T0 } from '../incident-store/samples.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
let client: CloudWatchClient;
let alarms: Alarms;

beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  client = new CloudWatchClient({ ...endpoint.config, maxAttempts: 1, disableRequestCompression: true });
  alarms = createAlarms({ client });
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});

it('reads metric and composite alarms with the time they went to ALARM, over all pages', async () => {
  endpoint.script(
    {
      body: {
        MetricAlarms: [
          {
            AlarmName: 'high',
            StateValue: 'ALARM',
            StateReason: 'Threshold Crossed',
            StateTransitionedTimestamp: T0 / 1000,
            StateUpdatedTimestamp: T0 / 1000 + 60,
          },
        ],
        NextToken: 'more',
      },
    },
    {
      body: {
        CompositeAlarms: [{ AlarmName: 'either', StateValue: 'ALARM', StateUpdatedTimestamp: T0 / 1000 + 5 }],
        MetricAlarms: [{ AlarmName: 'calm', StateValue: 'OK', StateUpdatedTimestamp: T0 / 1000 }],
      },
    },
  );
  expect(await alarms.active(['high', 'either', 'calm'])).toEqual([
    { alarm: 'high', at: T0, reason: 'Threshold Crossed' },
    { alarm: 'either', at: T0 + 5_000, reason: '' },
  ]);
  expect(endpoint.received.map(({ body }) => body)).toMatchObject([
    { AlarmNames: ['high', 'either', 'calm'], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], StateValue: 'ALARM' },
    { NextToken: 'more' },
  ]);
});

it('asks for at most 100 names at a time', async () => {
  endpoint.script({ body: {} }, { body: {} }, { body: {} });
  expect(await alarms.active(Array.from({ length: 250 }, (_, i) => `alarm-${i}`))).toEqual([]);
  const sizes = endpoint.received.map(({ body }) => (body as { AlarmNames: string[] }).AlarmNames.length);
  expect(sizes).toEqual([100, 100, 50]);
});

it('asks nothing when there are no names, for that would describe every alarm of the account', async () => {
  endpoint.script();
  expect(await alarms.active([])).toEqual([]);
  expect(endpoint.received).toHaveLength(0);
});
