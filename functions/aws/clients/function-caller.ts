import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { FleetFunction, FunctionCaller } from '../../core/ports/outside.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

export interface FunctionCallerOptions {
  readonly client: LambdaClient;
  /** What each that is called is named. */
  readonly names: Readonly<Partial<Record<FleetFunction, string>>>;
}

const VARIABLES = {
  sample: 'HEADROOM_SAMPLE',
  reconcile: 'HEADROOM_RECONCILE',
  follow: 'HEADROOM_FOLLOW',
  notify: 'HEADROOM_NOTIFY',
} as const satisfies Record<FleetFunction, string>;

/** Hands requests to functions by Lambda's own queue. Errors of Lambda come through unchanged. */
export function createFunctionCaller({ client, names }: FunctionCallerOptions): FunctionCaller {
  return {
    async call(name, request) {
      const called = names[name];
      if (called === undefined) throw new Error(`${VARIABLES[name]}: this function does not call ${name}`);
      const payload = Buffer.from(JSON.stringify(request));
      await client.send(new InvokeCommand({ FunctionName: called, InvocationType: 'Event', Payload: payload }));
    },
  };
}

/** The functions of this function's environment that it calls, one client per process. */
export const functionCallerFromEnvironment = once((): FunctionCaller => {
  const called = (Object.keys(VARIABLES) as FleetFunction[]).filter(
    (name) => process.env[VARIABLES[name]] !== undefined,
  );
  const names = Object.fromEntries(
    called.map((name) => [name, readEnvironment([VARIABLES[name]])[VARIABLES[name]]] as const),
  );
  // Each of these may be asked for twice. A request that hangs is given up while the minute lasts.
  const requestHandler = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };
  return createFunctionCaller({ client: new LambdaClient({ requestHandler, maxAttempts: 2 }), names });
});
