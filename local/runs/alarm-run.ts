import { dispatchResult, type DispatchResult } from '../../functions/core/protocol/steps.ts';
import { namesOf } from '../../lib/house/names.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';

/** Sends an alarm event to a target's dispatch function. Throws when the function failed. */
export async function raiseAlarm(runtime: LocalRuntime, targetId: string, event: unknown): Promise<DispatchResult> {
  return dispatchResult.parse(await runtime.dispatch(targetId, event));
}

/**
 * Closes an incident as interrupted and stops its workflow, so that a person is notified and the target is free for the
 * next alarm. Resolves when the person has been notified. An incident that is closed already stays as it is.
 */
export async function interrupt(
  runtime: LocalRuntime,
  { incidentId, prefix, by }: { readonly incidentId: string; readonly prefix: string; readonly by: string },
): Promise<void> {
  // This comes first: from here on no step of the workflow passes the fence, and reconcile finds the incident closed.
  await runtime.store.incidents.close(incidentId, {
    outcome: 'failed',
    at: Date.now(),
    failure: { error: 'interrupted', detail: `stopped by ${by} while the workflow was running` },
    notice: 'failed',
  });
  runtime.stopExecution(incidentId, `stopped by ${by}`);
  await runtime.executionEnded(incidentId);
  await runtime.invoke(namesOf(prefix).control('notify'), { incidentId });
  await runtime.noticesDelivered();
}
