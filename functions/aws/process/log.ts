import * as z from 'zod/mini';

/**
 * Wraps a handler so that each invocation leaves one line of JSON: the step, whom it is about, how long it took, and
 * its result or how it failed. Results of steps hold ids, counts and verdicts only, so nothing of a statement can get
 * in here; where a result holds more, `pick` says which part of it is logged.
 */
export function logged<T>(
  step: string,
  handle: (payload: unknown) => Promise<T>,
  pick: (result: T) => unknown = (result) => result,
): (payload: unknown) => Promise<T> {
  return async (payload) => {
    const startedAt = Date.now();
    const line = (ending: object) =>
      JSON.stringify({ step, ...subjectOf(payload), tookMs: Date.now() - startedAt, ...ending });
    try {
      const result = await handle(payload);
      console.info(line({ result: pick(result) }));
      return result;
    } catch (thrown) {
      const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
      console.error(line({ error: name, message, stack }));
      throw thrown;
    }
  };
}

interface Subject {
  readonly incidentId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly alarm?: string | undefined;
  /** ARN of an execution of the workflow. */
  readonly execution?: string | undefined;
}

/** A request between functions, an event of an execution, which is named after its incident, or one of an alarm. */
const payloads = z.object({
  incidentId: z.catch(z.optional(z.string()), undefined),
  target: z.catch(z.optional(z.union([z.string(), z.object({ id: z.string() })])), undefined),
  detail: z.catch(
    z.optional(
      z.object({
        name: z.optional(z.string()),
        executionArn: z.optional(z.string()),
        alarmName: z.optional(z.string()),
      }),
    ),
    undefined,
  ),
});

/** Whom an invocation is about, as far as its payload says: what people search the log for. */
function subjectOf(payload: unknown): Subject {
  const { incidentId, target, detail } = payloads.safeParse(payload).data ?? {};
  return {
    incidentId: incidentId ?? detail?.name,
    targetId: typeof target === 'string' ? target : target?.id,
    alarm: detail?.alarmName,
    execution: detail?.executionArn,
  };
}
