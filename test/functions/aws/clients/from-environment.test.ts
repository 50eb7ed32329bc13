import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { alarmsFromEnvironment } from '../../../../functions/aws/clients/alarms.ts';
import { notifierFromEnvironment } from '../../../../functions/aws/clients/notifier.ts';
import { workerClientFromEnvironment } from '../../../../functions/aws/clients/worker-client.ts';
import { workflowClientFromEnvironment } from '../../../../functions/aws/clients/workflow-client.ts';
import { incidentStoreFromEnvironment } from '../../../../functions/aws/incident-store/store.ts';
import { startLocalTable, type LocalTable } from '../incident-store/local-table.ts';
import { aCandidate } from '../incident-store/samples.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

let local: LocalTable;
let endpoint: ScriptedEndpoint;

beforeAll(async () => {
  local = await startLocalTable();
  endpoint = await startScriptedEndpoint();
  const environment = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: local.endpoint,
    AWS_ENDPOINT_URL_LAMBDA: endpoint.config.endpoint,
    AWS_ENDPOINT_URL_SFN: endpoint.config.endpoint,
    AWS_ENDPOINT_URL_SNS: endpoint.config.endpoint,
    AWS_ENDPOINT_URL_CLOUDWATCH: endpoint.config.endpoint,
    AWS_MAX_ATTEMPTS: '3',
    HEADROOM_TABLE: local.table,
    HEADROOM_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:headroom-notices',
    HEADROOM_STATE_MACHINE_ARN: 'arn:aws:states:eu-west-1:123456789012:stateMachine:headroom-workflow',
    HEADROOM_LINKS: '{"runbook":"https://wiki.example/headroom"}',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint.stop();
  await local.stop();
});

it('makes a store on the table, one per process', async () => {
  const store = incidentStoreFromEnvironment();
  expect((await store.incidents.open(aCandidate('environment', 'environment-1'))).kind).toBe('opened');
  expect(incidentStoreFromEnvironment()).toBe(store);
});

it('makes a worker client that sends a request to end sessions once, whatever the environment says', async () => {
  endpoint.script('hang up', 'hang up', 'hang up');
  const end = workerClientFromEnvironment().end(
    { worker: 'worker' },
    { deadline: Date.now() + 60_000, victims: [], graceMs: 0 },
  );
  await expect(end).rejects.toMatchObject({ name: 'WorkerFault' });
  expect(endpoint.received).toHaveLength(1);
});

it('makes a workflow, alarms and a notifier that go where the environment leads them', async () => {
  endpoint.script({ body: { executionArn: 'arn', startDate: 1 } }, { body: {} });
  await workflowClientFromEnvironment().start('orders-1');
  expect(await alarmsFromEnvironment().active(['high'])).toEqual([]);
  const published = '<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>';
  endpoint.script({ headers: { 'content-type': 'text/xml' }, body: published });
  const attributes = {
    severity: 'info',
    outcome: '',
    target: 'orders',
    incidentId: 'orders-1',
    notice: 'opened',
  } as const;
  await notifierFromEnvironment().publish({ subject: 's', body: 'b', json: {}, sections: [], links: {}, attributes });
  expect(endpoint.received[0]?.body).toContain('Action=Publish');
  expect(decodeURIComponent(String(endpoint.received[0]?.body))).toContain('https://wiki.example/headroom');
});

it('gives a topic in trouble two tries, not three', async () => {
  endpoint.script('hang up', 'hang up', 'hang up');
  const attributes = {
    severity: 'info',
    outcome: '',
    target: 'orders',
    incidentId: 'orders-1',
    notice: 'opened',
  } as const;
  await expect(
    notifierFromEnvironment().publish({ subject: 's', body: 'b', json: {}, sections: [], links: {}, attributes }),
  ).rejects.toThrow();
  expect(endpoint.received).toHaveLength(2);
});
