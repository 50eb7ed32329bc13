import { describeCall } from '../../functions/core/plan/call.ts';
import type { IncidentStore } from '../../functions/core/ports/incident-store.ts';
import { dispatchResult, type DispatchResult, type Unopened } from '../../functions/core/protocol/steps.ts';
import { endQuestions } from '../../functions/incident/end-questions.ts';
import { namesOf } from '../../lib/house/names.ts';
import type { LocalRuntime } from '../runtime/runtime.ts';

/** Sends an alarm event to a target's dispatch function. Throws when the function failed. */
export async function raiseAlarm(runtime: LocalRuntime, targetId: string, event: unknown): Promise<DispatchResult> {
  return dispatchResult.parse(await runtime.dispatch(targetId, event));
}

/** The workflow of an incident that an earlier run has left open is not here to be stopped. */
async function stopWorkflow(runtime: LocalRuntime, incidentId: string, by: string): Promise<void> {
  try {
    runtime.stopExecution(incidentId, `stopped by ${by}`);
  } catch {
    return;
  }
  await runtime.executionEnded(incidentId);
}

/** A manual end that holds the target has no workflow to wait for: why there is none; null for any other incident. */
export async function heldByCall(
  { incidents }: Pick<IncidentStore, 'incidents'>,
  incidentId: string,
): Promise<Unopened | null> {
  const call = (await incidents.byId(incidentId))?.call;
  if (!call) return null;
  return { result: 'ignored', reason: `${describeCall(call)} (incident ${incidentId}); try again when that is over` };
}

/**
 * Closes an incident as interrupted, stops its workflow, and lifts the limits that it has set, so that the target is free
 * for the next alarm. People are paged where the server is still full. Resolves when they have been notified. An incident
 * that is closed already stays as it is.
 */
export async function interrupt(
  runtime: LocalRuntime,
  { incidentId, prefix, by }: { readonly incidentId: string; readonly prefix: string; readonly by: string },
): Promise<void> {
  const { store } = runtime;
  // This comes first: from here on no step of the workflow passes the fence, and reconcile finds the incident closed.
  const closed = await store.incidents.close(incidentId, {
    outcome: 'interrupted',
    at: Date.now(),
    failure: { error: 'interrupted', detail: `stopped by ${by}` },
    notice: 'interrupted',
  });
  await endQuestions(closed, { store, now: Date.now });
  await stopWorkflow(runtime, incidentId, by);
  const limits = await store.limits.of(closed.target.id);
  if (limits.some((limit) => limit.incidentId === incidentId)) await runtime.reconcile(closed.target.id);
  // What does not go out now stays on record as pending, and has been reported.
  await runtime.invoke(namesOf(prefix).control('notify'), { incidentId }).catch(() => undefined);
  await runtime.noticesDelivered();
}
