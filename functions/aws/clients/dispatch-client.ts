import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Dispatcher } from '../../core/ports/dispatcher.ts';
import { SCHEMA } from '../../core/protocol/schema.ts';
import { dispatchResult } from '../../core/protocol/steps.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

export interface DispatchClientOptions {
  readonly client: LambdaClient;
  /** Name of the dispatch function. */
  readonly dispatch: string;
}

/** Hands alarm events of a target to the dispatch function. Throws when the function failed. */
export function createDispatchClient({ client, dispatch }: DispatchClientOptions): Dispatcher {
  return {
    async dispatch(targetId, event) {
      const payload = Buffer.from(JSON.stringify({ schema: SCHEMA, target: targetId, event }));
      const answer = await client.send(new InvokeCommand({ FunctionName: dispatch, Payload: payload }));
      const text = Buffer.from(answer.Payload ?? []).toString('utf8');
      if (answer.FunctionError !== undefined) throw new Error(`${dispatch} failed: ${text.slice(0, 500)}`);
      return dispatchResult.parse(JSON.parse(text));
    },
  };
}

/** The dispatch function of this function's environment (`HEADROOM_DISPATCH`), one client per process. */
export const dispatchClientFromEnvironment = once((): Dispatcher => {
  const { HEADROOM_DISPATCH: dispatch } = readEnvironment(['HEADROOM_DISPATCH']);
  // Dispatching twice means one incident. The function itself runs 30 s at most.
  const requestHandler = { connectionTimeout: 2_000, requestTimeout: 30_000, throwOnRequestTimeout: true };
  return createDispatchClient({ client: new LambdaClient({ requestHandler, maxAttempts: 2 }), dispatch });
});
