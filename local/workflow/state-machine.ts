import { StateMachine as Interpreter } from 'aws-local-stepfunctions';
import { ApiError } from '../machine/api-error.ts';
import { ACCOUNT, REGION } from '../machine/place.ts';
import { RunningExecution, type Execution, type MachineParts } from './execution.ts';
import { toInterpreterDefinition } from './interpreter-definition.ts';
import { createTaskTokens, type TaskTokens } from './task-tokens.ts';

export interface LocalStateMachine {
  readonly arn: string;
  /**
   * Step Functions' own rule: the same name and input while it runs is no error and starts nothing; any other use of a
   * name that was used before throws ExecutionAlreadyExists.
   */
  start(name: string, input: string): Execution;
  executions(): readonly Execution[];
  /** Sends the result of a task that waits for it; throws what Step Functions answers to a token it does not know. */
  readonly sendTaskResult: TaskTokens['send'];
  /** Ends it as ABORTED. A function that runs is left to finish, as on AWS, but nothing follows it. */
  stop(name: string, error: string | null, cause: string | null): Execution;
  /** Resolves when the execution has ended and all of its progress was reported. */
  ended(name: string): Promise<Execution>;
  stopAll(): Promise<void>;
}

export type StateMachineSettings = Omit<MachineParts, 'arn' | 'interpreter' | 'tokens'>;

export function createStateMachine(settings: StateMachineSettings): LocalStateMachine {
  const prefix = `arn:aws:states:${REGION}:${ACCOUNT}`;
  const machine: MachineParts = {
    ...settings,
    arn: `${prefix}:stateMachine:${settings.name}`,
    // What the language allows is tested where the definition is made (test/lib/shared/workflow.test.ts); an alarm is
    // waiting here.
    interpreter: new Interpreter(toInterpreterDefinition(settings.definition), {
      validationOptions: { noValidate: true },
    }),
    tokens: createTaskTokens(),
  };
  const executions = new Map<string, RunningExecution>();
  const arnOf = (name: string): string => `${prefix}:execution:${settings.name}:${name}`;
  const find = (name: string): RunningExecution => {
    const execution = executions.get(name);
    if (execution !== undefined) return execution;
    throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arnOf(name)}'`);
  };

  return {
    arn: machine.arn,
    start(name, input) {
      const known = executions.get(name)?.record;
      if (known === undefined) {
        const started = new RunningExecution(machine, { arn: arnOf(name), name, input });
        executions.set(name, started);
        return started.record;
      }
      if (known.status === 'RUNNING' && known.input === input) return known;
      throw new ApiError('ExecutionAlreadyExists', `Execution Already Exists: '${known.arn}'`);
    },
    executions: () => [...executions.values()].map(({ record }) => record),
    sendTaskResult: (token, output) => machine.tokens.send(token, output),
    stop: (name, error, cause) => find(name).end({ status: 'ABORTED', error, cause }),
    async ended(name) {
      return find(name).ended();
    },
    async stopAll() {
      for (const execution of executions.values()) execution.end({ status: 'ABORTED' });
      await Promise.all([...executions.values()].map((execution) => execution.ended()));
    },
  };
}
