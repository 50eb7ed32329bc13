import type { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import { ApiError } from '../machine/api-error.ts';
import type { EndStatus, OnProgress } from '../machine/progress.ts';
import type { CheckedDefinition } from './definition-check.ts';
import { toProgress } from './interpreter-events.ts';
import { createTasks, sizeProblem, type InvokeTask, type JsonValue, type Tasks } from './interpreter-tasks.ts';
import type { TaskTokens } from './task-tokens.ts';

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

/** What an execution needs of the machine it is one of. */
export interface MachineParts {
  readonly name: string;
  readonly arn: string;
  readonly definition: CheckedDefinition;
  readonly interpreter: Interpreter;
  readonly tokens: TaskTokens;
  readonly invoke: InvokeTask;
  /** Called once, after the end was reported and before `ended` resolves. */
  readonly onEnded?: (execution: Execution) => Promise<void>;
  readonly onProgress: OnProgress;
}

interface End {
  readonly status: EndStatus;
  readonly output?: string;
  readonly error?: string | null;
  readonly cause?: string | null;
}

/** One execution on the interpreter, which starts as soon as this is made. Throws for input that is not JSON. */
export class RunningExecution {
  readonly #machine: MachineParts;
  readonly #tasks: Tasks;
  readonly #interpretation: ReturnType<Interpreter['run']>;
  readonly #finished: Promise<void>;
  #record: Execution;

  constructor(machine: MachineParts, identity: Pick<Execution, 'arn' | 'name' | 'input'>) {
    const { arn, name, input } = identity;
    this.#machine = machine;
    this.#record = {
      arn,
      name,
      input,
      startedAt: Date.now(),
      stoppedAt: null,
      status: 'RUNNING',
      output: null,
      error: null,
      cause: null,
    };
    this.#tasks = createTasks({
      definition: machine.definition,
      invoke: machine.invoke,
      tokens: machine.tokens,
      // Asked before `run` returns, by the first task.
      isRunning: () => this.#record.status === 'RUNNING',
      onWaiting: (state) => machine.onProgress({ kind: 'task-waiting', at: Date.now(), execution: name, state }),
    });
    this.#interpretation = machine.interpreter.run(parseInput(input), {
      overrides: { taskResourceLocalHandlers: this.#tasks.handlers },
      context: {
        Execution: { Id: arn, Name: name },
        StateMachine: { Id: machine.arn, Name: machine.name },
        Task: this.#tasks.context,
      },
      noThrowOnAbort: true,
    });
    this.#finished = this.#finish();
  }

  get record(): Execution {
    return this.#record;
  }

  /** The first end counts. From here on no task of the execution starts any more. */
  end(how: End): Execution {
    if (this.#record.status === 'RUNNING') {
      this.#record = { ...this.#record, ...how, stoppedAt: Date.now() };
      this.#tasks.abandon();
      this.#interpretation.abort();
    }
    return this.#record;
  }

  /** Resolves when it has ended and all of its progress was reported. */
  async ended(): Promise<Execution> {
    await this.#finished;
    return this.#record;
  }

  async #finish(): Promise<void> {
    const timer = this.#startTimeout();
    const reported = this.#report();
    const result = await this.#interpretation.result.then(
      (output) => ({ status: 'SUCCEEDED' as const, output: JSON.stringify(output) }),
      (thrown: unknown) => ({ status: 'FAILED' as const, ...describeFailure(thrown) }),
    );
    await reported;
    const { name, status, error, cause } = this.end(result);
    clearTimeout(timer);
    if (status === 'RUNNING') return;
    this.#machine.onProgress({ kind: 'execution-ended', at: Date.now(), execution: name, status, error, cause });
    await this.#machine.onEnded?.(this.#record);
  }

  /**
   * The machine's own timeout is enforced here: nothing can start between the timeout and the moment the interpreter
   * notices it.
   */
  #startTimeout(): NodeJS.Timeout | undefined {
    const { TimeoutSeconds: seconds } = this.#machine.definition;
    if (seconds === undefined) return undefined;
    return setTimeout(() => this.end({ status: 'TIMED_OUT', error: 'States.Timeout' }), seconds * 1000);
  }

  async #report(): Promise<void> {
    for await (const event of this.#interpretation.eventLogs) {
      const progress = toProgress(event, this.#record.name);
      if (progress === null) continue;
      this.#machine.onProgress(progress);
      const tooLarge = progress.kind === 'state-exited' ? sizeProblem(progress.output) : null;
      if (tooLarge !== null) this.end({ status: 'FAILED', ...tooLarge });
    }
  }
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
