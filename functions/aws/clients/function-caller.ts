import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { FleetFunction, FunctionCaller } from '../../core/ports/outside.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

export interface FunctionCallerOptions {
  readonly client: LambdaClient;
  /** What each is named. */
  readonly names: Readonly<Record<FleetFunction, string>>;
}

/** Hands requests to functions by Lambda's own queue. Errors of Lambda come through unchanged. */
export function createFunctionCaller({ client, names }: FunctionCallerOptions): FunctionCaller {
  return {
    async call(name, request) {
      const payload = Buffer.from(JSON.stringify(request));
      await client.send(new InvokeCommand({ FunctionName: names[name], InvocationType: 'Event', Payload: payload }));
    },
  };
}

/** The functions of this function's environment, one client per process. */
export const functionCallerFromEnvironment = once((): FunctionCaller => {
  const { HEADROOM_SAMPLE: sample, HEADROOM_RECONCILE: reconcile } = readEnvironment([
    'HEADROOM_SAMPLE',
    'HEADROOM_RECONCILE',
  ]);
  // Each of these may be asked for twice. A request that hangs is given up while the minute lasts.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };
  return createFunctionCaller({
    client: new LambdaClient({ requestHandler, maxAttempts: 2 }),
    names: { sample, reconcile },
  });
});
