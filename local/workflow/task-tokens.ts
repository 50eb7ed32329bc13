import { randomUUID } from 'node:crypto';
import { ApiError } from '../machine/api-error.ts';

/** How a task that waits for its token ended. `output` is JSON text. */
type TaskEnd = { readonly kind: 'succeeded'; readonly output: string } | { readonly kind: 'timed-out' | 'abandoned' };

/** The tokens of the tasks that wait for their result to be sent. */
export interface TaskTokens {
  issue(): string;
  /** Settles when the result is sent, the time is up or the token is abandoned. */
  wait(token: string, timeoutMs: number): Promise<TaskEnd>;
  /**
   * Ends the task with this result, which is JSON text. Throws InvalidToken for a token that was never issued,
   * TaskTimedOut for a task that waits no more.
   */
  send(token: string, output: string): void;
  /** The task ended in another way. */
  abandon(token: string): void;
}

export function createTaskTokens(): TaskTokens {
  const issued = new Set<string>();
  const waiting = new Map<string, { readonly end: (how: TaskEnd) => void; readonly timer: NodeJS.Timeout }>();

  const take = (token: string) => {
    const task = waiting.get(token);
    waiting.delete(token);
    clearTimeout(task?.timer);
    return task;
  };

  return {
    issue() {
      const token = randomUUID();
      issued.add(token);
      return token;
    },
    wait: (token, timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => take(token)?.end({ kind: 'timed-out' }), timeoutMs);
        waiting.set(token, { end: resolve, timer });
      }),
    send(token, output) {
      if (!issued.has(token)) throw new ApiError('InvalidToken', `Invalid Token: '${token.slice(0, 100)}'`);
      const task = take(token);
      if (task === undefined) {
        throw new ApiError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
      }
      task.end({ kind: 'succeeded', output });
    },
    abandon: (token) => take(token)?.end({ kind: 'abandoned' }),
  };
}
