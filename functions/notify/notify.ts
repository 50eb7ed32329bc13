import { tellGathered } from '../core/ports/gathering.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { BadRequest, NoticeUndelivered } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { notifyRequest } from '../core/protocol/steps.ts';
import { deliverPending, type DeliverDependencies } from '../incident/deliver.ts';
import { announce, type AnnounceDependencies } from '../incident/events/announce.ts';

export interface NotifyDependencies extends DeliverDependencies, AnnounceDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents' | 'gathered'>;
}

/**
 * Sends the notices of an incident that are pending, and puts on the event bus what is not there yet. Throws
 * NoticeUndelivered so that the workflow tries again; events are left to the reconciler. Or tells of all gathered
 * notices in one message.
 */
export async function notify(payload: unknown, deps: NotifyDependencies): Promise<{ readonly delivered: number }> {
  const request = parseRequest(notifyRequest, payload);
  if (!('incidentId' in request)) return { delivered: await tellGathered(deps) };
  const { incidentId } = request;
  const incident = await deps.store.incidents.byId(incidentId);
  if (!incident) throw new BadRequest(`incidentId: there is no incident ${incidentId}`);
  const failures = await deliverPending(incident, deps);
  await announce(incident, deps);
  if (failures.length > 0) throw new NoticeUndelivered(failures);
  return { delivered: incident.pendingNotices.length };
}
