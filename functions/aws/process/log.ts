/**
 * Wraps a handler so that each invocation leaves one line of JSON: what it was, how long it took, what it gave or how it
 * failed. Results of steps hold ids, counts and verdicts only, so nothing of a statement can get in here; where a result holds
 * more, `pick` says what of it is logged.
 */
export function logged<T>(
  step: string,
  handle: (payload: unknown) => Promise<T>,
  pick: (result: T) => unknown = (result) => result,
): (payload: unknown) => Promise<T> {
  return async (payload) => {
    const startedAt = Date.now();
    try {
      const result = await handle(payload);
      console.info(JSON.stringify({ step, tookMs: Date.now() - startedAt, result: pick(result) }));
      return result;
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      console.error(JSON.stringify({ step, tookMs: Date.now() - startedAt, error: name, message }));
      throw error;
    }
  };
}
