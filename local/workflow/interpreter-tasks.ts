import type { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import * as z from 'zod';
import type { InvocationResult } from '../lambda/function-process.ts';
import { functionsOf, type CheckedDefinition } from './definition-check.ts';
import { WAIT_FIELD } from './interpreter-definition.ts';
import type { TaskTokens } from './task-tokens.ts';

/** AWS ends an execution whose state data outgrows this, and neither Retry nor Catch can help. */
const STATE_LIMIT_BYTES = 256 * 1024;
/** What Headroom allows itself. */
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
const parametersOfTask = z.object({
  FunctionName: z.string(),
  Payload: z.json(),
  [WAIT_FIELD]: z.int().min(1).optional(),
});

interface TaskSettings {
  readonly definition: CheckedDefinition;
  readonly invoke: InvokeTask;
  readonly tokens: TaskTokens;
  /** Of this one execution. After its end no task starts any more. */
  readonly isRunning: () => boolean;
  /** Called when the function of a waiting task has answered, and the task goes on waiting. */
  readonly onWaiting: (state: string) => void;
}

/** What runs the tasks of one execution, as Lambda invocations. */
export interface Tasks {
  readonly handlers: TaskHandlers;
  /** For the context object: its token is that of the task that is about to start. */
  readonly context: { readonly Token: string };
  /** The execution has ended: nothing is waited for any more. */
  abandon(): void;
}

export function createTasks({ definition, invoke, tokens, isRunning, onWaiting }: TaskSettings): Tasks {
  let token = tokens.issue();

  const run = async (FunctionName: string, Payload: unknown): Promise<JsonValue> => {
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

  /** The function's own answer is ignored; its failure ends the task. */
  const waitFor = async (state: string, invoked: Promise<JsonValue>, waitSeconds: number): Promise<JsonValue> => {
    const mine = token;
    const ended = tokens.wait(mine, waitSeconds * 1000);
    const failed = invoked.then(() => new Promise<never>(() => onWaiting(state)));
    const end = await Promise.race([ended, failed]).finally(() => tokens.abandon(mine));
    if (end.kind === 'succeeded') return JSON.parse(end.output) as JsonValue;
    // Without an end the interpreter's own timer, of days, would keep the process alive.
    if (end.kind === 'abandoned') throw new Uncatchable('States.Runtime', 'the execution has ended');
    throw new TaskFailed('States.Timeout', '');
  };

  const handlerOf =
    (state: string) =>
    async (parameters: JsonValue): Promise<JsonValue> => {
      if (!isRunning()) throw new Uncatchable('States.Runtime', 'the execution has ended');
      const { FunctionName, Payload, [WAIT_FIELD]: waitSeconds } = parametersOfTask.parse(parameters);
      if (waitSeconds === undefined) return run(FunctionName, Payload);
      const result = waitFor(state, run(FunctionName, Payload), waitSeconds);
      return result.finally(() => (token = tokens.issue()));
    };
  return {
    handlers: Object.fromEntries([...functionsOf(definition).keys()].map((state) => [state, handlerOf(state)])),
    context: {
      get Token() {
        return token;
      },
    },
    abandon: () => tokens.abandon(token),
  };
}

/** The interpreter matches Retry and Catch against `name` and passes the message on as the cause. */
class TaskFailed extends Error {
  constructor(name: string, cause: string) {
    super(cause);
    this.name = name;
  }
}

/** The interpreter reads these two properties before it evaluates Retry and Catch. */
class Uncatchable extends TaskFailed {
  readonly isRetryable = false;
  readonly isCatchable = false;
}

/** What is wrong with the size of a state's output; null when nothing is. */
export function sizeProblem(output: unknown): { error: string; cause: string } | null {
  const bytes = Buffer.byteLength(JSON.stringify(output) ?? '');
  if (bytes <= OWN_STATE_LIMIT_BYTES) return null;
  const error = bytes > STATE_LIMIT_BYTES ? 'States.DataLimitExceeded' : 'StateTooLarge';
  return {
    error,
    cause: `the output of a state has ${bytes} bytes; Headroom allows itself ${OWN_STATE_LIMIT_BYTES}, AWS ${STATE_LIMIT_BYTES}`,
  };
}
