/** What happens inside a local runtime while it runs. `at` is epoch milliseconds. */
export type Progress =
  | StateEntered
  | StateExited
  | StateFailed
  | TaskWaiting
  | ExecutionEnded
  | FunctionEvent
  | FunctionLog
  | Notification
  | Refusal;

export interface StateEntered {
  readonly kind: 'state-entered';
  readonly at: number;
  readonly execution: string;
  readonly state: string;
  readonly input: unknown;
}

export interface StateExited {
  readonly kind: 'state-exited';
  readonly at: number;
  readonly execution: string;
  readonly state: string;
  readonly output: unknown;
}

/** A state's error before Retry and Catch see it, and what they did about it. */
export interface StateFailed {
  readonly kind: 'state-failed' | 'state-retried' | 'state-caught';
  readonly at: number;
  readonly execution: string;
  readonly state: string;
  /** Empty for `state-retried` and `state-caught`. */
  readonly error: string;
}

/** A task waits for its result to be sent. */
interface TaskWaiting {
  readonly kind: 'task-waiting';
  readonly at: number;
  readonly execution: string;
  readonly state: string;
}

export type EndStatus = 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

interface ExecutionEnded {
  readonly kind: 'execution-ended';
  readonly at: number;
  readonly execution: string;
  readonly status: EndStatus;
  /** Null when it succeeded. */
  readonly error: string | null;
  readonly cause: string | null;
}

/**
 * `cold-start`: a new process has loaded its code. `frozen`: stopped after an answer. `timed-out`, `crashed` and
 * `killed` end a process. `refused`: the function tried to reach something that a local run must not reach.
 */
export interface FunctionEvent {
  readonly kind: 'function';
  readonly at: number;
  readonly name: string;
  readonly pid: number;
  readonly event: 'cold-start' | 'frozen' | 'timed-out' | 'crashed' | 'killed' | 'refused';
  readonly detail: string;
}

/** One line that a function wrote. */
interface FunctionLog {
  readonly kind: 'function-log';
  readonly at: number;
  readonly name: string;
  readonly line: string;
}

/** A message that the topic took, and how its delivery by command or webhook went (`none`: neither is configured). */
export interface Notification {
  readonly kind: 'notification';
  readonly at: number;
  readonly subject: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly delivery: 'none' | 'delivered' | 'failed';
  /** Why the delivery failed; empty otherwise. */
  readonly detail: string;
}

/** A call that the stand-ins for AWS do not answer: a fault of the caller, or of what the local runtime covers. */
export interface Refusal {
  readonly kind: 'refused';
  readonly at: number;
  readonly operation: string;
  readonly detail: string;
}

export type OnProgress = (progress: Progress) => void;
