import { SFNClient } from '@aws-sdk/client-sfn';
import { createWorkflowClient } from '../../functions/aws/clients/workflow-client.ts';
import type { WorkflowClient } from '../../functions/core/ports/workflow-client.ts';
import { localClientConfig } from '../machine/client-config.ts';
import type { Closers } from '../machine/closers.ts';
import type { OnProgress } from '../machine/progress.ts';
import { startAwsEndpoint } from '../stand-ins/aws-endpoint.ts';
import { createAlarms, type LocalAlarms } from '../stand-ins/cloudwatch-operations.ts';
import type { InvokeFunction } from '../stand-ins/lambda-operations.ts';
import { stepFunctionsOperations } from '../stand-ins/step-functions-operations.ts';
import type { Assembly } from '../synthesis/cloud-assembly.ts';
import { createStateMachine, type LocalStateMachine } from '../workflow/state-machine.ts';
import { statusEvent } from '../workflow/status-event.ts';

/** The workflow and the alarms of the stacks, and where functions reach them. */
export interface ControlPlane {
  /** `http://127.0.0.1:PORT` of Lambda, Step Functions and CloudWatch. */
  readonly url: string;
  readonly machine: LocalStateMachine;
  readonly alarms: LocalAlarms;
  /** The workflow as functions know it. */
  readonly workflow: WorkflowClient;
  /** Stops every execution. Nothing is reported of their ends. */
  stopExecutions(): Promise<void>;
}

interface ControlPlaneSettings {
  readonly assembly: Assembly;
  /** Called only after all of this has started. */
  readonly invoke: InvokeFunction;
  readonly functionNames: () => readonly string[];
  /** Takes the event about an execution that did not reach its end. */
  readonly onBrokenOff: (event: object) => Promise<void>;
  readonly onProgress: OnProgress;
}

export async function startControlPlane(settings: ControlPlaneSettings, closers: Closers): Promise<ControlPlane> {
  const { assembly, invoke, functionNames, onBrokenOff, onProgress } = settings;
  let isStopping = false;
  const machine: LocalStateMachine = createStateMachine({
    ...assembly.stateMachine,
    invoke: async (arn, event) => {
      const result = await invoke(arn.slice(arn.lastIndexOf(':') + 1), event);
      if (result === null) throw new Error(`the workflow invokes ${arn}, which no stack has`);
      return result;
    },
    onEnded: async (execution) => {
      if (execution.status === 'SUCCEEDED' || isStopping) return;
      await onBrokenOff(statusEvent(execution, machine.arn));
    },
    onProgress,
  });
  const alarms = createAlarms(assembly.alarms);
  const endpoint = await startAwsEndpoint({
    invoke,
    functionNames,
    stepFunctions: stepFunctionsOperations(machine),
    cloudWatch: alarms.operations,
    onProgress,
  });
  closers.add(() => endpoint.stop());
  const client = new SFNClient(localClientConfig(endpoint.url));
  closers.add(() => Promise.resolve(client.destroy()));
  return {
    url: endpoint.url,
    machine,
    alarms,
    workflow: createWorkflowClient({ client, stateMachineArn: machine.arn }),
    async stopExecutions() {
      isStopping = true;
      await machine.stopAll();
    },
  };
}
