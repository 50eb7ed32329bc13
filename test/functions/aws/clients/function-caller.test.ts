import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFunctionCaller, type FunctionCallerOptions } from '../../../../functions/aws/clients/function-caller.ts';
import { startScriptedEndpoint, type ScriptedEndpoint } from './scripted-endpoint.ts';

let endpoint: ScriptedEndpoint;
let options: FunctionCallerOptions;
beforeAll(async () => {
  endpoint = await startScriptedEndpoint();
  const client = new LambdaClient({ ...endpoint.config, maxAttempts: 1 });
  options = { client, names: { sample: 'headroom-sample', reconcile: 'headroom-reconcile' } };
});
afterAll(async () => {
  options.client.destroy();
  await endpoint.stop();
});

describe('calling a function for a target', () => {
  it('leaves the request in its queue and waits for nothing', async () => {
    endpoint.script({ status: 202, body: {} });
    await createFunctionCaller(options).call('reconcile', { target: 'orders' });
    const [sent] = endpoint.received.slice(-1);
    expect(sent?.path).toContain('/functions/headroom-reconcile/invocations');
    expect(sent?.body).toEqual({ target: 'orders' });
  });

  it('throws what Lambda says when it takes no more', async () => {
    endpoint.script({ status: 429, headers: { 'x-amzn-errortype': 'TooManyRequestsException' } });
    await expect(createFunctionCaller(options).call('sample', {})).rejects.toMatchObject({
      name: 'TooManyRequestsException',
    });
  });
});
