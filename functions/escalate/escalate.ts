import type * as z from 'zod/mini';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { escalateRequest, type EscalateResult } from '../core/protocol/steps.ts';
import type { Incident } from '../core/record/incident.ts';
import { deliverPending, type DeliverDependencies } from '../incident/deliver.ts';

export interface EscalateDependencies extends DeliverDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents'>;
}

/**
 * Pages a person and says whether the workflow goes on. Diagnose has recorded why and until when; where an error of the
 * workflow led here, that becomes the reason, and it ends. A page that does not go out stays pending and delays nothing:
 * Notify and the reconciler try again.
 */
export async function escalate(payload: unknown, deps: EscalateDependencies): Promise<EscalateResult> {
  const { incidentId, error } = parseRequest(escalateRequest, payload);
  const incident = await deps.store.incidents.byId(incidentId);
  if (incident?.status !== 'open') return { next: 'close', undelivered: [] };
  const paged = isToldOf(incident, error) ? incident : await recordError(incident, error, deps);
  const staysUntil = paged.escalation?.staysUntil ?? 0;
  const next = error === null && staysUntil > deps.now() ? 'stay' : 'close';
  return { next, undelivered: await deliverPending(paged, deps) };
}

type Caught = z.infer<typeof escalateRequest>['error'];

/** People who were told that Headroom goes on learn that it does not. */
function isToldOf({ escalation }: Incident, error: Caught): boolean {
  return escalation !== null && (error === null || escalation.changedAt !== undefined);
}

async function recordError(
  { id, escalation }: Incident,
  error: Caught,
  { store, now }: EscalateDependencies,
): Promise<Incident> {
  const reason = error
    ? `the workflow cannot go on: ${error.Error ?? 'an error'} ${(error.Cause ?? '').slice(0, 300)}`
    : 'the workflow gave no reason';
  const advice = ['check the workflow’s execution, then the database: it may still be full'];
  const before = escalation && { at: escalation.at ?? now(), changedAt: now() };
  const page = { at: now(), ...before, reason, advice, staysUntil: null };
  return store.incidents.change(id, { escalation: page }, escalation === null ? 'escalated' : 'changed');
}
