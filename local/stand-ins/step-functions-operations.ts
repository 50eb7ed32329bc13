import type { DescribeExecutionInput, SendTaskSuccessInput, StartExecutionInput } from '@aws-sdk/client-sfn';
import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { ApiError } from '../machine/api-error.ts';
import type { Execution } from '../workflow/execution.ts';
import type { LocalStateMachine } from '../workflow/state-machine.ts';
import { checkRequest, requestOf } from './request-check.ts';

const startExecution = requestOf<StartExecutionInput>()({
  stateMachineArn: z.string(),
  name: z.string().optional(),
  input: z.string().optional(),
});
const describeExecution = requestOf<DescribeExecutionInput>()({
  executionArn: z.string(),
  includedData: z.literal('ALL_DATA').optional(),
});
const sendTaskSuccess = requestOf<SendTaskSuccessInput>()({ taskToken: z.string(), output: z.string() });

const INPUT_LIMIT_BYTES = 256 * 1024;

/** Three operations of Step Functions, on the one machine that runs here. Answers are as AWS JSON 1.0 writes them. */
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
        executionArn: execution.arn,
        stateMachineArn: machine.arn,
        name: execution.name,
        status: execution.status,
        startDate: execution.startedAt / 1000,
        ...(execution.stoppedAt === null ? {} : { stopDate: execution.stoppedAt / 1000 }),
        input: execution.input,
        ...withoutNulls({ output: execution.output, error: execution.error, cause: execution.cause }),
      };
    },
    SendTaskSuccess(request) {
      const { taskToken, output } = checkRequest(sendTaskSuccess, 'SendTaskSuccess', request);
      checkOutput(output);
      machine.sendTaskResult(taskToken, output);
      return {};
    },
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
