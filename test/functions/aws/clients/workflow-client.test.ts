import { SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorkflowClient } from '../../../../functions/aws/clients/workflow-client.ts';
import type { WorkflowClient } from '../../../../functions/core/ports/workflow-client.ts';
import { SCHEMA } from '../../../../functions/core/protocol/schema.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

const MACHINE = 'arn:aws:states:eu-west-1:123456789012:stateMachine:headroom-workflow';
const EXECUTION = 'arn:aws:states:eu-west-1:123456789012:execution:headroom-workflow:orders-1';

let endpoint: ScriptedEndpoint;
let client: SFNClient;
let workflow: WorkflowClient;

beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  client = new SFNClient({ ...endpoint.config, maxAttempts: 1 });
  workflow = createWorkflowClient({ client, stateMachineArn: MACHINE });
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});

const failing = (type: string) => ({ status: 400, body: { __type: type, message: 'no' } });

it('starts an execution whose name and input derive from the incident id alone', async () => {
  endpoint.script(
    { body: { executionArn: EXECUTION, startDate: 1 } },
    { body: { executionArn: EXECUTION, startDate: 1 } },
  );
  await workflow.start('orders-1');
  await workflow.start('orders-1');
  const [first, second] = endpoint.received.map(({ body }) => body);
  expect(first).toEqual({
    stateMachineArn: MACHINE,
    name: 'orders-1',
    input: `{"schema":${SCHEMA},"incidentId":"orders-1"}`,
  });
  expect(second).toEqual(first);
});

it('takes an execution that ran already for started, and any other error for one', async () => {
  endpoint.script(failing('ExecutionAlreadyExists'), failing('StateMachineDoesNotExist'));
  await expect(workflow.start('orders-1')).resolves.toBeUndefined();
  await expect(workflow.start('orders-1')).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
});

it.each([
  ['RUNNING', 'running'],
  ['PENDING_REDRIVE', 'running'],
  ['SUCCEEDED', 'succeeded'],
  ['FAILED', 'failed'],
  ['TIMED_OUT', 'timed-out'],
  ['ABORTED', 'aborted'],
  ['SOMETHING_NEW', 'running'],
])('reads %s as %s', async (status, expected) => {
  endpoint.script({ body: { executionArn: EXECUTION, status } });
  expect(await workflow.status('orders-1')).toEqual({ status: expected, detail: '' });
  expect(endpoint.received[0]?.body).toEqual({ executionArn: EXECUTION });
});

it('reads an execution that does not exist as absent', async () => {
  endpoint.script(failing('ExecutionDoesNotExist'));
  expect(await workflow.status('orders-1')).toEqual({ status: 'absent', detail: '' });
});

it('hands on error and cause, cut short', async () => {
  endpoint.script({ body: { status: 'FAILED', error: 'States.Timeout', cause: 'x'.repeat(30_000) } });
  const { detail } = await workflow.status('orders-1');
  expect(detail).toMatch(/^States\.Timeout: x+…$/);
  expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(1_000);
});

it('wakes a state with its token and says nothing of the answer', async () => {
  endpoint.script({ body: {} });
  await workflow.resume('the-token');
  expect(endpoint.received.at(-1)?.body).toEqual({ taskToken: 'the-token', output: '{}' });
});

it.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
  'takes %s for a state that waits no more',
  async (name) => {
    endpoint.script(failing(name));
    await expect(workflow.resume('the-token')).resolves.toBeUndefined();
  },
);

it('reports any other trouble in waking, so that it is tried again', async () => {
  endpoint.script(failing('AccessDeniedException'));
  await expect(workflow.resume('the-token')).rejects.toMatchObject({ name: 'AccessDeniedException' });
});
