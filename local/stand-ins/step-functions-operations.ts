import type {
  DescribeExecutionInput,
  ListExecutionsInput,
  SendTaskFailureInput,
  SendTaskSuccessInput,
  StartExecutionInput,
  StopExecutionInput,
} from '@aws-sdk/client-sfn';
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ApiError } from '../machine/api-error.ts';
import type { Execution, LocalStateMachine } from '../workflow/state-machine.ts';
import { checkRequest, pageOf, requestOf } from './request-check.ts';

const startExecution = requestOf<StartExecutionInput>()({
  stateMachineArn: z.string(),
  name: z.string().optional(),
  input: z.string().optional(),
});
const describeExecution = requestOf<DescribeExecutionInput>()({
  executionArn: z.string(),
  includedData: z.literal('ALL_DATA').optional(),
});
const stopExecution = requestOf<StopExecutionInput>()({
  executionArn: z.string(),
  error: z.string().optional(),
  cause: z.string().optional(),
});
const listExecutions = requestOf<ListExecutionsInput>()({
  stateMachineArn: z.string(),
  statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']).optional(),
  maxResults: z.int().min(1).max(1000).optional(),
  nextToken: z.string().optional(),
});

const sendTaskSuccess = requestOf<SendTaskSuccessInput>()({ taskToken: z.string(), output: z.string() });
const sendTaskFailure = requestOf<SendTaskFailureInput>()({
  taskToken: z.string(),
  error: z.string().optional(),
  cause: z.string().optional(),
});

const INPUT_LIMIT_BYTES = 256 * 1024;

/** Six operations of Step Functions, on the one machine that runs here. Answers are as AWS JSON 1.0 writes them. */
export function stepFunctionsOperations(
  machine: LocalStateMachine,
): Readonly<Record<string, (request: unknown) => unknown>> {
  const checkMachine = (arn: string): void => {
    if (arn !== machine.arn) {
      throw new ApiError(
        'StateMachineDoesNotExist',
        `State Machine Does Not Exist: '${arn}'; here runs '${machine.arn}'`,
      );
    }
  };
  const find = (arn: string): Execution => {
    const execution = machine.executions().find((candidate) => candidate.arn === arn);
    if (execution === undefined) throw new ApiError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return execution;
  };
  return {
    StartExecution(request) {
      const { stateMachineArn, name, input } = checkRequest(startExecution, 'StartExecution', request);
      checkMachine(stateMachineArn);
      if (name !== undefined) checkName(name);
      const bytes = Buffer.byteLength(input ?? '');
      if (bytes > INPUT_LIMIT_BYTES) {
        throw new ApiError('InvalidExecutionInput', `input has ${bytes} bytes; at most ${INPUT_LIMIT_BYTES} are taken`);
      }
      const execution = machine.start(name ?? randomUUID(), input ?? '{}');
      return { executionArn: execution.arn, startDate: execution.startedAt / 1000 };
    },
    DescribeExecution(request) {
      const execution = find(checkRequest(describeExecution, 'DescribeExecution', request).executionArn);
      return {
        ...summarize(execution, machine.arn),
        input: execution.input,
        ...withoutNulls({ output: execution.output, error: execution.error, cause: execution.cause }),
      };
    },
    StopExecution(request) {
      const { executionArn, error, cause } = checkRequest(stopExecution, 'StopExecution', request);
      const stopped = machine.stop(find(executionArn).name, error ?? null, cause ?? null);
      return { stopDate: (stopped.stoppedAt ?? Date.now()) / 1000 };
    },
    SendTaskSuccess(request) {
      const { taskToken, output } = checkRequest(sendTaskSuccess, 'SendTaskSuccess', request);
      checkOutput(output);
      machine.sendTaskResult(taskToken, { kind: 'succeeded', output });
      return {};
    },
    SendTaskFailure(request) {
      const { taskToken, error, cause } = checkRequest(sendTaskFailure, 'SendTaskFailure', request);
      machine.sendTaskResult(taskToken, { kind: 'failed', error: error ?? '', cause: cause ?? '' });
      return {};
    },
    ListExecutions(request) {
      const asked = checkRequest(listExecutions, 'ListExecutions', request);
      checkMachine(asked.stateMachineArn);
      const found = machine
        .executions()
        .filter(({ status }) => asked.statusFilter === undefined || asked.statusFilter === status)
        .toSorted((a, b) => b.startedAt - a.startedAt);
      const { page, next } = pageOf(found, asked.maxResults ?? 100, asked.nextToken);
      return {
        executions: page.map((execution) => summarize(execution, machine.arn)),
        ...(next === undefined ? {} : { nextToken: next }),
      };
    },
  };
}

function summarize(execution: Execution, stateMachineArn: string): object {
  return {
    executionArn: execution.arn,
    stateMachineArn,
    name: execution.name,
    status: execution.status,
    startDate: execution.startedAt / 1000,
    ...(execution.stoppedAt === null ? {} : { stopDate: execution.stoppedAt / 1000 }),
  };
}

function withoutNulls(fields: Readonly<Record<string, string | null>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function checkOutput(output: string): void {
  try {
    JSON.parse(output);
  } catch {
    throw new ApiError('InvalidOutput', `Invalid Output: '${output.slice(0, 100)}' is not JSON`);
  }
}

/** 1 to 80 characters, none of them white space, a bracket, a wildcard, a control or another special character. */
function checkName(name: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what the rule is about
  if (/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/.test(name)) return;
  throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
}
