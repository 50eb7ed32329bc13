import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatchClient } from '../../../../functions/aws/clients/dispatch-client.ts';
import type { Dispatcher } from '../../../../functions/core/ports/dispatcher.ts';
import { SCHEMA } from '../../../../functions/core/protocol/schema.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
let client: LambdaClient;
let dispatcher: Dispatcher;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  client = new LambdaClient({ ...endpoint.config, maxAttempts: 1 });
  dispatcher = createDispatchClient({ client, dispatch: 'headroom-dispatch' });
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});

describe('handing an event to dispatch', () => {
  it('names the target, and returns what dispatch says', async () => {
    endpoint.script({ body: { result: 'opened', incidentId: 'orders-1' } });
    expect(await dispatcher.dispatch('orders', { id: 'e1' })).toEqual({ result: 'opened', incidentId: 'orders-1' });
    expect(endpoint.received[0]?.path).toContain('/functions/headroom-dispatch/invocations');
    expect(endpoint.received[0]?.body).toEqual({ schema: SCHEMA, target: 'orders', event: { id: 'e1' } });
  });

  it.each([
    ['it failed', { headers: { 'x-amz-function-error': 'Unhandled' }, body: { errorType: 'Error' } }],
    ['it answers something else', { body: { result: 'maybe' } }],
    ['it cannot be invoked', { status: 404, headers: { 'x-amzn-errortype': 'ResourceNotFoundException' } }],
  ])('throws when %s', async (_, reply) => {
    endpoint.script(reply);
    await expect(dispatcher.dispatch('orders', {})).rejects.toThrow();
  });
});
