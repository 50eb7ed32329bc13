import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS, type NewIncident, type Opening } from '../core/ports/stores/incidents.ts';
import type { WorkflowClient } from '../core/ports/workflow-client.ts';
import { incidentIdFor } from '../core/protocol/alarm-event.ts';
import type { DispatchResult } from '../core/protocol/steps.ts';
import type { AlarmSighting, Incident } from '../core/record/incident.ts';
import { deliverPending, type DeliverDependencies } from './deliver.ts';
import { announce, type AnnounceDependencies } from './events/announce.ts';

export interface OpenDependencies extends DeliverDependencies, AnnounceDependencies {
  readonly store: DeliverDependencies['store'] & Pick<IncidentStore, 'incidents'>;
  readonly workflow: Pick<WorkflowClient, 'start' | 'status'>;
}

/** For an event older than this, dispatch asks first whether an alarm is still active. */
export const FRESH_EVENT_MS = 5 * 60_000;

/** Opens or joins the target's incident for a sighting and makes sure that its workflow runs. */
export async function openFor(
  target: TargetSettings,
  alarm: AlarmSighting,
  deps: OpenDependencies,
): Promise<DispatchResult> {
  const at = deps.now();
  const candidate: NewIncident = {
    id: incidentIdFor(target.id, alarm.alarm, alarm.at),
    target,
    alarm,
    at,
    leaseUntil: at + LEASE_MS,
  };
  const opening = await openOrTakeOver(candidate, deps);
  const { incident } = opening;
  if (opening.kind === 'handled') return { result: 'handled', incidentId: incident.id };
  // Also when joining: the dispatch that opened it may have died before it started the workflow.
  // A person's call has none; an alarm that is still active after it is dispatched again by the reconciler.
  if (incident.call === null) await deps.workflow.start(incident.id);
  await deliverPending(incident, deps);
  await announce(incident, deps);
  return { result: opening.kind === 'opened' ? 'opened' : 'joined', incidentId: incident.id };
}

async function openOrTakeOver(candidate: NewIncident, deps: OpenDependencies): Promise<Opening> {
  const opening = await deps.store.incidents.open(candidate);
  if (opening.kind !== 'expired') return opening;
  return (await isRunning(opening.incident, deps))
    ? { ...opening, kind: 'joined' }
    : deps.store.incidents.takeOver(candidate, opening.incident);
}

async function isRunning(incident: Incident, { workflow }: OpenDependencies): Promise<boolean> {
  return (await workflow.status(incident.id)).status === 'running';
}
