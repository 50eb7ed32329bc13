import type { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import * as z from 'zod';
import type { InvocationResult } from './function-process.ts';

/** AWS ends an execution whose state data outgrows this, and neither Retry nor Catch can help. */
const STATE_LIMIT_BYTES = 256 * 1024;
/** What Headroom allows itself; see design.md. */
const OWN_STATE_LIMIT_BYTES = 32 * 1024;

/** By name or ARN; `event` is JSON text. */
export type InvokeTask = (
  functionName: string,
  event: string,
) => Promise<InvocationResult | { readonly kind: 'throttled' }>;

export type JsonValue = Parameters<Interpreter['run']>[0];
type TaskHandlers = NonNullable<
  NonNullable<NonNullable<Parameters<Interpreter['run']>[1]>['overrides']>['taskResourceLocalHandlers']
>;
const lambdaParameters = z.object({ FunctionName: z.string(), Payload: z.json() });

/** Runs the tasks of one execution, of the given states, as Lambda invocations. After its end no task starts any more. */
export function taskHandlers(states: Iterable<string>, invoke: InvokeTask, isRunning: () => boolean): TaskHandlers {
  const handle = async (parameters: JsonValue): Promise<JsonValue> => {
    if (!isRunning()) throw new Uncatchable('States.Runtime', 'the execution has ended');
    const { FunctionName, Payload } = lambdaParameters.parse(parameters);
    const event = JSON.stringify(Payload);
    if (Buffer.byteLength(event) > STATE_LIMIT_BYTES) {
      throw new Uncatchable(
        'States.DataLimitExceeded',
        `the payload for ${FunctionName} has ${Buffer.byteLength(event)} bytes`,
      );
    }
    const result = await invoke(FunctionName, event);
    if (result.kind === 'throttled') throw new TaskFailed('Lambda.TooManyRequestsException', 'Rate Exceeded.');
    if (result.kind === 'answered') return { StatusCode: 200, Payload: JSON.parse(result.payload) as JsonValue };
    // Step Functions has one name for whatever ends a function from outside.
    throw new TaskFailed(
      result.kind === 'sandbox' ? 'Lambda.Unknown' : result.error.errorType,
      JSON.stringify(result.error),
    );
  };
  return Object.fromEntries([...states].map((state) => [state, handle]));
}

/** The interpreter matches Retry and Catch against `name` and hands the message on as the cause. */
class TaskFailed extends Error {
  constructor(name: string, cause: string) {
    super(cause);
    this.name = name;
  }
}

/** The interpreter asks these two properties before it looks at Retry and Catch. */
class Uncatchable extends TaskFailed {
  readonly isRetryable = false;
  readonly isCatchable = false;
}

/** What is wrong with the size of what a state hands on; null when nothing is. */
export function sizeProblem(output: unknown): { error: string; cause: string } | null {
  const bytes = Buffer.byteLength(JSON.stringify(output) ?? '');
  if (bytes <= OWN_STATE_LIMIT_BYTES) return null;
  const error = bytes > STATE_LIMIT_BYTES ? 'States.DataLimitExceeded' : 'StateTooLarge';
  return {
    error,
    cause: `a state handed on ${bytes} bytes; Headroom allows itself ${OWN_STATE_LIMIT_BYTES}, AWS ${STATE_LIMIT_BYTES}`,
  };
}
