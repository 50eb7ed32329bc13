import type { IncidentStore } from '../core/ports/incident-store.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { escalateRequest } from '../core/protocol/steps.ts';
import { deliverPending, type DeliverDependencies } from '../incident/deliver.ts';

export interface EscalateDependencies extends DeliverDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents'>;
}

/**
 * Pages a person. Diagnose has recorded why; where an error of the workflow led here, that becomes the reason. A page
 * that does not go out stays pending and delays nothing: Notify and the reconciler try again.
 */
export async function escalate(
  payload: unknown,
  deps: EscalateDependencies,
): Promise<{ readonly undelivered: readonly string[] }> {
  const { incidentId, error } = parseRequest(escalateRequest, payload);
  const incident = await deps.store.incidents.byId(incidentId);
  if (incident?.status !== 'open') return { undelivered: [] };
  if (incident.escalation) return { undelivered: await deliverPending(incident, deps) };
  const reason = error
    ? `the workflow cannot go on: ${error.Error ?? 'an error'} ${(error.Cause ?? '').slice(0, 300)}`
    : 'the workflow gave no reason';
  const advice = ['check the workflow’s execution, then the database: it may still be full'];
  const changed = await deps.store.incidents.change(incidentId, { escalation: { reason, advice } }, 'escalated');
  return { undelivered: await deliverPending(changed, deps) };
}
