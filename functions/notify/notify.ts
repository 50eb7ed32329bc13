import type { IncidentStore } from '../core/ports/incident-store.ts';
import { BadRequest, NoticeUndelivered } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { notifyRequest } from '../core/protocol/steps.ts';
import { deliverPending, type DeliverDependencies } from '../incident/deliver.ts';
import { announce, type AnnounceDependencies } from '../incident/events/announce.ts';

export interface NotifyDependencies extends DeliverDependencies, AnnounceDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents'>;
}

/**
 * Sends the notices that are pending, and puts on the event bus what is not there yet. Throws NoticeUndelivered so that
 * the workflow tries again; events are left to the reconciler.
 */
export async function notify(payload: unknown, deps: NotifyDependencies): Promise<{ readonly delivered: number }> {
  const { incidentId } = parseRequest(notifyRequest, payload);
  const incident = await deps.store.incidents.byId(incidentId);
  if (!incident) throw new BadRequest(`incidentId: there is no incident ${incidentId}`);
  const failures = await deliverPending(incident, deps);
  await announce(incident, deps);
  if (failures.length > 0) throw new NoticeUndelivered(failures);
  return { delivered: incident.pendingNotices.length };
}
