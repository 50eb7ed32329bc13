import type { TargetSettings } from '../policy/target.ts';
import type { DispatchResult } from '../protocol/steps.ts';

export type ExecutionStatus = 'running' | 'succeeded' | 'failed' | 'timed-out' | 'aborted' | 'absent';

export interface Workflow {
  /** Starts the execution of an incident. Starting one that runs or ran already is no error. */
  start(incidentId: string): Promise<void>;
  status(incidentId: string): Promise<{ readonly status: ExecutionStatus; readonly detail: string }>;
  /** Wakes the state that waits with this token. A state that waits no more is no error. */
  resume(taskToken: string): Promise<void>;
}

export interface Dispatcher {
  /** Hands an alarm event of the target to dispatch. Throws when the function failed. */
  dispatch(target: TargetSettings, event: unknown): Promise<DispatchResult>;
}
