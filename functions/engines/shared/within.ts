import { ConnectionLost } from './engine.ts';

/** Waits for the driver no longer than `timeoutMs`: then drops the connection and throws ConnectionLost. */
export async function within<T>(timeoutMs: number, work: Promise<T>, drop: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      drop();
      reject(new ConnectionLost('ETIMEDOUT', `no answer within ${timeoutMs} ms`));
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

/** How long until the deadline; never less than 1 ms, because 0 often means no limit. */
export function timeLeft(deadline: number): number {
  return Math.max(1, deadline - Date.now());
}

/** How much of `timeoutMs` is left, each time it is called. */
export function countdown(timeoutMs: number): () => number {
  const deadline = Date.now() + timeoutMs;
  return () => timeLeft(deadline);
}
