export type ExecutionStatus = 'running' | 'succeeded' | 'failed' | 'timed-out' | 'aborted' | 'absent';

/** Executions of the workflow, one per incident. */
export interface WorkflowClient {
  /** Starts the execution of an incident. Starting one that runs or ran already is no error. */
  start(incidentId: string): Promise<void>;
  status(incidentId: string): Promise<{ readonly status: ExecutionStatus; readonly detail: string }>;
  /** Wakes the state that waits with this token. A state that waits no more is no error. */
  resume(taskToken: string): Promise<void>;
}
