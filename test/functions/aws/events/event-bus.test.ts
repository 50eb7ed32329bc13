import { EventBridgeClient, type PutEventsRequest, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { createEventBus } from '../../../../functions/aws/events/event-bus.ts';
import { eventBusFromEnvironment } from '../../../../functions/aws/events/late-event-bus.ts';
import type { IncidentEvent } from '../../../../functions/core/events/incident-event.ts';
import { requestOf } from '../../../../local/stand-ins/request-check.ts';
import { startScriptedEndpoint, type Received, type ScriptedEndpoint } from '../clients/scripted-endpoint.ts';

const BUS = 'arn:aws:events:eu-central-1:999988887777:event-bus/incidents';
const ORIGIN = {
  installation: 'headroom',
  stateMachineArn: 'arn:aws:states:eu-west-1:111122223333:stateMachine:headroom-workflow',
};
const anEvent = (changeId: string): IncidentEvent => ({
  changeId,
  at: Date.UTC(2026, 10, 21, 3),
  source: 'headroom',
  detailType: 'Headroom Incident Change',
  resources: ['arn:aws:states:eu-west-1:111122223333:execution:headroom-workflow:orders-1'],
  detail: JSON.stringify({ version: 1, change: changeId }),
});

/** What PutEvents takes: ten entries of 256 KB in all, with the size of each as EventBridge counts it. */
const entry = requestOf<PutEventsRequestEntry>()({
  EventBusName: z.string().min(1).max(1_600),
  Time: z.number().transform((seconds) => new Date(seconds * 1_000)),
  Source: z.string().min(1).max(256),
  DetailType: z.string().min(1).max(128),
  Resources: z.array(z.string().max(2_048)),
  Detail: z.string().refine((text) => typeof JSON.parse(text) === 'object'),
});
const putEvents = requestOf<PutEventsRequest>()({ Entries: z.array(entry).min(1).max(10) });

let endpoint: ScriptedEndpoint;
let client: EventBridgeClient;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  client = new EventBridgeClient({ ...endpoint.config, maxAttempts: 1 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  client.destroy();
  await endpoint.stop();
});

/** Stands in for EventBridge: refuses what the API would refuse, and otherwise answers for each entry. */
function answerFor(results: readonly object[]) {
  return (request: Received) => {
    expect(request.headers['x-amz-target']).toBe('AWSEvents.PutEvents');
    const { Entries: entries } = putEvents.parse(request.body);
    const size = entries.reduce((sum, { Detail, Source, DetailType, Resources }) => {
      return sum + 14 + Buffer.byteLength([Detail, Source, DetailType, ...Resources].join(''));
    }, 0);
    expect(size).toBeLessThan(256 * 1_024);
    return {
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: { FailedEntryCount: 0, Entries: results },
    };
  };
}

it('puts events on the bus as EventBridge takes them, with the time of the change', async () => {
  const bus = createEventBus({ client, busArn: BUS, origin: ORIGIN });
  endpoint.script(answerFor(Array.from({ length: bus.mostAtOnce }, (_, index) => ({ EventId: String(index) }))));
  const events = Array.from({ length: bus.mostAtOnce }, (_, index) => anEvent(`acting-${index}`));
  expect(await bus.put(events)).toEqual(new Map());
  const {
    Entries: [first],
  } = putEvents.parse(endpoint.received[0]?.body);
  expect(first).toEqual({
    EventBusName: BUS,
    Time: new Date(anEvent('').at),
    Source: 'headroom',
    DetailType: 'Headroom Incident Change',
    Resources: anEvent('').resources,
    Detail: anEvent('acting-0').detail,
  });
});

it('says which of them were not taken, and why', async () => {
  const bus = createEventBus({ client, busArn: BUS, origin: ORIGIN });
  endpoint.script(answerFor([{ EventId: '1' }, { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }]));
  const refused = await bus.put([anEvent('opened'), anEvent('closed'), anEvent('acknowledged')]);
  expect([...refused]).toEqual([
    ['closed', 'ThrottlingException: slow down'],
    ['acknowledged', 'no event id: '],
  ]);
});

it('throws what EventBridge says where it takes none', async () => {
  const bus = createEventBus({ client, busArn: BUS, origin: ORIGIN });
  const denied = { __type: 'AccessDeniedException', message: 'no resource-based policy allows events:PutEvents' };
  endpoint.script({ status: 400, body: denied });
  await expect(bus.put([anEvent('opened')])).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

it('is made for the bus of the environment, in its region, with two tries; there is none where there is no bus', async () => {
  vi.resetModules();
  vi.stubEnv('HEADROOM_EVENT_BUS_ARN', '');
  expect(eventBusFromEnvironment()).toBeNull();
  vi.stubEnv('HEADROOM_EVENT_BUS_ARN', BUS);
  vi.stubEnv('HEADROOM_PREFIX', 'headroom');
  vi.stubEnv('HEADROOM_STATE_MACHINE_ARN', ORIGIN.stateMachineArn);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '5');
  vi.stubEnv('AWS_ENDPOINT_URL_EVENTBRIDGE', endpoint.config.endpoint);
  const fresh = await import('../../../../functions/aws/events/late-event-bus.ts');
  const bus = fresh.eventBusFromEnvironment();
  expect(bus?.origin).toEqual(ORIGIN);
  endpoint.script('hang up', 'hang up', 'hang up');
  await expect(bus?.put([anEvent('opened')])).rejects.toThrow();
  expect(endpoint.received).toHaveLength(2);
  expect(endpoint.received[0]?.headers.authorization).toContain('/eu-central-1/events/');
});
