import { randomUUID } from 'node:crypto';
import { ACCOUNT, REGION } from '../machine/place.ts';
import type { Execution } from './execution.ts';

/** The event with which EventBridge reports the end of an execution. */
export function statusEvent(execution: Execution, stateMachineArn: string): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    account: ACCOUNT,
    region: REGION,
    time: new Date(execution.stoppedAt ?? Date.now()).toISOString(),
    resources: [execution.arn],
    detail: {
      executionArn: execution.arn,
      stateMachineArn,
      name: execution.name,
      status: execution.status,
      startDate: execution.startedAt,
      stopDate: execution.stoppedAt,
      input: execution.input,
      output: execution.output,
      error: execution.error,
      cause: execution.cause,
    },
  };
}
