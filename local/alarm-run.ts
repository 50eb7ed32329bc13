import * as z from 'zod/mini';
import { namesOf } from '../lib/names.ts';
import type { LocalRuntime } from './runtime.ts';

/** What dispatch answers; see `DispatchResult` of the dispatch function. */
const dispatchAnswer = z.union([
  z.object({ result: z.enum(['opened', 'joined', 'handled']), incidentId: z.string() }),
  z.object({ result: z.enum(['stale', 'ignored', 'refused']), reason: z.string() }),
]);
export type DispatchAnswer = z.infer<typeof dispatchAnswer>;

/** Hands an alarm event to a target's dispatch function. Throws when the function failed. */
export async function raiseAlarm(runtime: LocalRuntime, targetId: string, event: unknown): Promise<DispatchAnswer> {
  return dispatchAnswer.parse(await runtime.dispatch(targetId, event));
}

/**
 * Stops an incident's workflow at once and closes the incident as interrupted, so that a person hears of it and the target
 * is free for the next alarm. An incident that is closed already stays as it is.
 */
export async function interrupt(
  runtime: LocalRuntime,
  { incidentId, prefix, by }: { readonly incidentId: string; readonly prefix: string; readonly by: string },
): Promise<void> {
  runtime.stopExecution(incidentId, `stopped by ${by}`);
  await runtime.executionEnded(incidentId);
  await runtime.store.close(incidentId, {
    outcome: 'failed',
    at: Date.now(),
    failure: { error: 'interrupted', detail: `stopped by ${by} while the workflow was running` },
    notice: 'failed',
  });
  await runtime.invoke(namesOf(prefix).control('notify'), { incidentId });
}
