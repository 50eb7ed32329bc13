import {
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  type ExecutionStatus as SfnStatus,
} from '@aws-sdk/client-sfn';
import type { ExecutionStatus, WorkflowClient } from '../../core/ports/workflow-client.ts';
import { SCHEMA } from '../../core/protocol/schema.ts';
import type { WorkflowInput } from '../../core/protocol/steps.ts';
import { readEnvironment } from '../process/environment.ts';
import { clipBytes } from '../process/fit.ts';
import { once } from '../process/once.ts';

export interface WorkflowClientOptions {
  readonly client: SFNClient;
  readonly stateMachineArn: string;
}

const STATUS = {
  RUNNING: 'running',
  PENDING_REDRIVE: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'timed-out',
  ABORTED: 'aborted',
} as const satisfies Record<SfnStatus, ExecutionStatus>;

/** The state has ended by itself or with its execution. */
const OVER: ReadonlySet<string> = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

const DETAIL_BYTES = 1_000;

/**
 * Executions of the state machine, one per incident and named like it: Step Functions keeps a name for 90 days, so the
 * same incident cannot be started twice. `status` may say `absent` for some moments after `start`.
 */
export function createWorkflowClient({ client, stateMachineArn }: WorkflowClientOptions): WorkflowClient {
  return {
    async start(incidentId) {
      const input: WorkflowInput = { schema: SCHEMA, incidentId };
      const command = new StartExecutionCommand({ stateMachineArn, name: incidentId, input: JSON.stringify(input) });
      await unless('ExecutionAlreadyExists', client.send(command));
    },
    async status(incidentId) {
      const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${incidentId}`;
      const command = new DescribeExecutionCommand({ executionArn });
      const execution = await unless('ExecutionDoesNotExist', client.send(command));
      if (execution === null) return { status: 'absent', detail: '' };
      const detail = [execution.error, execution.cause].filter(Boolean).join(': ');
      // A status that Step Functions invents later is not taken for an end.
      const status = execution.status === undefined ? 'running' : (STATUS[execution.status] ?? 'running');
      return { status, detail: clipBytes(detail, DETAIL_BYTES) };
    },
    async resume(taskToken) {
      try {
        // The answer is on record; this only wakes the workflow that reads it.
        await client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }));
      } catch (error) {
        if (!(error instanceof Error && OVER.has(error.name))) throw error;
      }
    },
  };
}

/** On the state machine of this function's environment (`HEADROOM_STATE_MACHINE_ARN`), one per process. */
export const workflowClientFromEnvironment = once((): WorkflowClient => {
  const { HEADROOM_STATE_MACHINE_ARN: stateMachineArn } = readEnvironment(['HEADROOM_STATE_MACHINE_ARN']);
  const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
  return createWorkflowClient({ client: new SFNClient({ requestHandler }), stateMachineArn });
});

async function unless<T>(expected: string, call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && error.name === expected) return null;
    throw error;
  }
}
