import { parseRequest } from '../core/protocol/request.ts';
import { closeRequest, type Outcome } from '../core/protocol/steps.ts';
import { closeIncident, type CloseDependencies } from '../incident/close-incident.ts';

/**
 * Closes an incident and lets its target go, after lifting the limits it has set. Closing twice is harmless: the first
 * outcome stays.
 */
export async function close(
  payload: unknown,
  deps: CloseDependencies,
): Promise<{ readonly incidentId: string; readonly outcome: Outcome }> {
  const { incidentId, outcome, error } = parseRequest(closeRequest, payload);
  const failure = error ? { error: error.Error ?? 'unknown', detail: (error.Cause ?? '').slice(0, 1000) } : null;
  const closed = await closeIncident(incidentId, outcome, failure, deps);
  return { incidentId, outcome: closed.outcome ?? outcome };
}
