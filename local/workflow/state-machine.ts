import { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import { ApiError } from '../machine/api-error.ts';
import { ACCOUNT, REGION } from '../machine/place.ts';
import type { EndStatus, OnProgress } from '../machine/progress.ts';
import type { CheckedDefinition } from './definition-check.ts';
import { toInterpreterDefinition } from './interpreter-definition.ts';
import { toProgress } from './interpreter-events.ts';
import { createTasks, sizeProblem, type InvokeTask, type JsonValue } from './interpreter-tasks.ts';
import { createTaskTokens, type TaskTokens } from './task-tokens.ts';

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
  /** Sends the result of a task that waits for it; throws what Step Functions answers to a token it does not know. */
  readonly sendTaskResult: TaskTokens['send'];
  /** Ends it as ABORTED. A function that runs is left to finish, as on AWS, but nothing follows it. */
  stop(name: string, error: string | null, cause: string | null): Execution;
  /** Resolves when the execution has ended and all of its progress was reported. */
  ended(name: string): Promise<Execution>;
  stopAll(): Promise<void>;
}

export interface StateMachineSettings {
  readonly name: string;
  readonly definition: CheckedDefinition;
  readonly invoke: InvokeTask;
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
  // The machine's own timeout is kept here, so that nothing can start between its end and the interpreter's noticing.
  const { TimeoutSeconds: timeoutSeconds } = settings.definition;
  // What the language allows is tested where the definition is made (test/lib/workflow.test.ts); an alarm is waiting here.
  const interpreter = new Interpreter(toInterpreterDefinition(settings.definition), {
    validationOptions: { noValidate: true },
  });
  const prefix = `arn:aws:states:${REGION}:${ACCOUNT}`;
  const arn = `${prefix}:stateMachine:${settings.name}`;
  const tokens = createTaskTokens();
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
    const tasks = createTasks({
      definition: settings.definition,
      invoke: settings.invoke,
      tokens,
      isRunning: () => run.execution.status === 'RUNNING',
      onWaiting: (state) => settings.onProgress({ kind: 'task-waiting', at: Date.now(), execution: name, state }),
    });
    const started = interpreter.run(parseInput(input), {
      overrides: { taskResourceLocalHandlers: tasks.handlers },
      context: {
        Execution: { Id: execution.arn, Name: name },
        StateMachine: { Id: arn, Name: settings.name },
        Task: tasks.context,
      },
      noThrowOnAbort: true,
    });
    run.abort = () => {
      tasks.abandon();
      started.abort();
    };
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
    sendTaskResult: (token, result) => tokens.send(token, result),
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

function describeFailure(thrown: unknown): { error: string; cause: string } {
  const reason = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return reason instanceof Error
    ? { error: reason.name, cause: reason.message }
    : { error: 'States.Runtime', cause: String(reason) };
}
