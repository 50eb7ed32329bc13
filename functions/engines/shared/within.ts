import { NO_ANSWER } from './driver-error.ts';
import { ConnectionLost } from './engine.ts';

/** Waits for the driver no longer than `timeoutMs`: then drops the connection and throws ConnectionLost. */
export async function within<T>(timeoutMs: number, work: Promise<T>, drop: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      drop();
      reject(new ConnectionLost(NO_ANSWER, `no answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  // The driver may reject the abandoned work later, when no caller waits for it any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waiting for a server that has not even taken the connection ends with the system's word for it. */
export function asUnconnected(error: unknown, isConnected: boolean, timeoutMs: number): unknown {
  const isLate = error instanceof ConnectionLost && error.code === NO_ANSWER;
  return isLate && !isConnected ? new ConnectionLost('ETIMEDOUT', `no connection within ${timeoutMs} ms`) : error;
}

/** How long until the deadline; never less than 1 ms, because 0 often means no limit. */
export function timeLeft(deadline: number): number {
  return Math.max(1, deadline - Date.now());
}

/** How much of `timeoutMs` is left, each time it is called. */
export function countdown(timeoutMs: number): () => number {
  const deadline = Date.now() + timeoutMs;
  return () => timeLeft(deadline);
}
