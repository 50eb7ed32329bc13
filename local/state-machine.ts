import { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import * as z from 'zod';
import { ApiError } from './api-error.ts';
import type { CheckedDefinition } from './definition-check.ts';
import { functionsOf } from './definition-check.ts';
import type { InvocationResult } from './function-process.ts';
import { ACCOUNT, REGION } from './function-environment.ts';
import type { EndStatus, OnProgress, Progress } from './progress.ts';

/** AWS ends an execution whose state data outgrows this, and neither Retry nor Catch can help. */
const STATE_LIMIT_BYTES = 256 * 1024;
/** What Headroom allows itself; see design.md. */
const OWN_STATE_LIMIT_BYTES = 32 * 1024;

export interface Execution {
  readonly arn: string;
  readonly name: string;
  /** JSON text. */
  readonly input: string;
  readonly startedAt: number;
  readonly stoppedAt: number | null;
  readonly status: 'RUNNING' | EndStatus;
  /** JSON text; null unless it succeeded. */
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
}

export interface LocalStateMachine {
  readonly arn: string;
  /**
   * Step Functions' own rule: the same name and input while it runs is no error and starts nothing; any other use of a name
   * that was used before throws ExecutionAlreadyExists.
   */
  start(name: string, input: string): Execution;
  /** By name; undefined when there never was one. */
  execution(name: string): Execution | undefined;
  executions(): readonly Execution[];
  /** Ends it as ABORTED. A function that runs is left to finish, as on AWS, but nothing follows it. */
  stop(name: string, error: string | null, cause: string | null): Execution;
  /** Resolves when the execution has ended and all of its progress was reported. */
  ended(name: string): Promise<Execution>;
  stopAll(): Promise<void>;
}

export interface StateMachineSettings {
  readonly name: string;
  readonly definition: CheckedDefinition;
  /** By name or ARN; `event` is JSON text. */
  readonly invoke: (functionName: string, event: string) => Promise<InvocationResult | { readonly kind: 'throttled' }>;
  /** Called once for each execution, after its end was reported and before `ended` resolves. */
  readonly onEnded?: (execution: Execution) => Promise<void>;
  readonly onProgress: OnProgress;
}

interface Run {
  execution: Execution;
  abort: () => void;
  finished: Promise<void>;
}

export function createStateMachine(settings: StateMachineSettings): LocalStateMachine {
  const { TimeoutSeconds: timeoutSeconds, ...definition } = settings.definition;
  // The machine's own timeout is kept here, so that nothing can start between its end and the interpreter's noticing.
  const interpreter = new Interpreter(definition as ConstructorParameters<typeof Interpreter>[0]);
  const prefix = `arn:aws:states:${REGION}:${ACCOUNT}`;
  const arn = `${prefix}:stateMachine:${settings.name}`;
  const runs = new Map<string, Run>();

  const begin = (name: string, input: string): Run => {
    const execution: Execution = {
      arn: `${prefix}:execution:${settings.name}:${name}`,
      name,
      input,
      startedAt: Date.now(),
      stoppedAt: null,
      status: 'RUNNING',
      output: null,
      error: null,
      cause: null,
    };
    // The interpreter's first task starts before its `run` returns, so this must be there first.
    const run: Run = { execution, abort: () => undefined, finished: Promise.resolve() };
    const isRunning = (): boolean => run.execution.status === 'RUNNING';
    const started = interpreter.run(parseInput(input), {
      overrides: { taskResourceLocalHandlers: taskHandlers(settings, isRunning) },
      context: { Execution: { Id: execution.arn, Name: name }, StateMachine: { Id: arn, Name: settings.name } },
      noThrowOnAbort: true,
    });
    run.abort = started.abort;
    const timer =
      timeoutSeconds === undefined
        ? undefined
        : setTimeout(() => end(run, { status: 'TIMED_OUT', error: 'States.Timeout' }), timeoutSeconds * 1000);
    const relay = async (): Promise<void> => {
      for await (const event of started.eventLogs) {
        const progress = toProgress(event, name);
        if (progress === null) continue;
        settings.onProgress(progress);
        const tooLarge = progress.kind === 'state-exited' ? sizeProblem(progress.output) : null;
        if (tooLarge !== null) end(run, { status: 'FAILED', ...tooLarge });
      }
    };
    const conclude = async (): Promise<void> => {
      const relayed = relay();
      const result = await started.result.then(
        (output) => ({ status: 'SUCCEEDED' as const, output: JSON.stringify(output) }),
        (thrown: unknown) => ({ status: 'FAILED' as const, ...describeFailure(thrown) }),
      );
      await relayed;
      end(run, result);
      clearTimeout(timer);
      const { status, error, cause } = run.execution;
      if (status === 'RUNNING') return;
      settings.onProgress({ kind: 'execution-ended', at: Date.now(), execution: name, status, error, cause });
      await settings.onEnded?.(run.execution);
    };
    run.finished = conclude();
    return run;
  };

  const find = (name: string): Run => {
    const run = runs.get(name);
    if (run !== undefined) return run;
    throw new ApiError(
      'ExecutionDoesNotExist',
      `Execution Does Not Exist: '${prefix}:execution:${settings.name}:${name}'`,
    );
  };
  const stop = (name: string, error: string | null, cause: string | null): Execution => {
    const run = find(name);
    end(run, { status: 'ABORTED', error, cause });
    return run.execution;
  };
  const ended = async (name: string): Promise<Execution> => {
    const run = find(name);
    await run.finished;
    return run.execution;
  };

  return {
    arn,
    stop,
    ended,
    start(name, input) {
      const known = runs.get(name);
      if (known === undefined) {
        const run = begin(name, input);
        runs.set(name, run);
        return run.execution;
      }
      if (known.execution.status === 'RUNNING' && known.execution.input === input) return known.execution;
      throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${known.execution.arn}'`);
    },
    execution: (name) => runs.get(name)?.execution,
    executions: () => [...runs.values()].map((run) => run.execution),
    async stopAll() {
      for (const name of runs.keys()) stop(name, null, null);
      await Promise.all([...runs.keys()].map(ended));
    },
  };
}

/** The first end counts. From here on no task of the execution starts any more. */
function end(
  run: Run,
  how: { status: EndStatus; output?: string; error?: string | null; cause?: string | null },
): void {
  if (run.execution.status !== 'RUNNING') return;
  run.execution = { ...run.execution, ...how, stoppedAt: Date.now() };
  run.abort();
}

type TaskHandlers = NonNullable<
  NonNullable<NonNullable<Parameters<Interpreter['run']>[1]>['overrides']>['taskResourceLocalHandlers']
>;
type JsonValue = Parameters<Interpreter['run']>[0];

const lambdaParameters = z.object({ FunctionName: z.string(), Payload: z.json() });

function taskHandlers({ definition, invoke }: StateMachineSettings, isRunning: () => boolean): TaskHandlers {
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
  return Object.fromEntries([...functionsOf(definition).keys()].map((state) => [state, handle]));
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

function parseInput(input: string): JsonValue {
  try {
    return JSON.parse(input) as JsonValue;
  } catch {
    throw new ApiError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${input.slice(0, 100)}' is not JSON`,
    );
  }
}

function sizeProblem(output: unknown): { error: string; cause: string } | null {
  const bytes = Buffer.byteLength(JSON.stringify(output) ?? '');
  if (bytes <= OWN_STATE_LIMIT_BYTES) return null;
  const error = bytes > STATE_LIMIT_BYTES ? 'States.DataLimitExceeded' : 'StateTooLarge';
  return {
    error,
    cause: `a state handed on ${bytes} bytes; Headroom allows itself ${OWN_STATE_LIMIT_BYTES}, AWS ${STATE_LIMIT_BYTES}`,
  };
}

function describeFailure(thrown: unknown): { error: string; cause: string } {
  const reason = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return reason instanceof Error
    ? { error: reason.name, cause: reason.message }
    : { error: 'States.Runtime', cause: String(reason) };
}

type InterpreterEvent = ReturnType<Interpreter['run']>['eventLogs'] extends AsyncGenerator<infer Event> ? Event : never;

function toProgress(event: InterpreterEvent, execution: string): Progress | null {
  const at = event.timestamp;
  switch (event.type) {
    case 'StateEntered':
      return { kind: 'state-entered', at, execution, state: event.state.name, input: event.state.input };
    case 'StateExited':
      return { kind: 'state-exited', at, execution, state: event.state.name, output: event.state.output };
    case 'StateFailed':
      return { kind: 'state-failed', at, execution, state: event.state.name, error: event.Error };
    case 'StateRetried':
      return { kind: 'state-retried', at, execution, state: event.state.name, error: '' };
    case 'StateCaught':
      return { kind: 'state-caught', at, execution, state: event.state.name, error: '' };
    default:
      return null;
  }
}
