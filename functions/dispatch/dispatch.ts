import { belongsTo, incidentIdFor, parseAlarmEvent, type AlarmEvent } from '../core/alarm-event.ts';
import type { AlarmSighting, Incident } from '../core/incident.ts';
import { composeRefusal } from '../core/message.ts';
import { LEASE_MS, type Alarms, type NewIncident, type Opening, type Workflow } from '../core/ports.ts';
import { parseRequest } from '../core/request.ts';
import type { TargetSettings } from '../core/target.ts';
import { dispatchRequest, type DispatchResult } from '../core/workflow.ts';
import { readOldNews } from './old-news.ts';
import { deliverPending, type DeliverDependencies } from '../notify/deliver.ts';

export interface DispatchDependencies extends DeliverDependencies {
  readonly workflow: Workflow;
  readonly alarms: Alarms;
}

/** An event older than this is old news: it leads to a new look at the alarm before anything is opened. */
export const FRESH_MS = 5 * 60_000;

/** From an alarm event to the target's one open incident and its running workflow. Safe to repeat, in any order. */
export async function dispatch(payload: unknown, deps: DispatchDependencies): Promise<DispatchResult> {
  const { target, event } = parseRequest(dispatchRequest, payload);
  let alarm: AlarmEvent;
  try {
    alarm = parseAlarmEvent(event);
  } catch (thrown) {
    return refuse(target, 'unreadable', thrown instanceof Error ? thrown.message : String(thrown), deps);
  }
  const belongs = belongsTo(alarm, target);
  if (belongs !== true) return refuse(target, alarm.alarmName, belongs, deps);
  if (alarm.state !== 'ALARM') return { result: 'ignored', reason: `the alarm went to ${alarm.state}` };
  if (deps.now() - alarm.at > FRESH_MS && (await deps.alarms.standing(target.alarms)).length === 0) {
    return {
      result: 'stale',
      reason: `the event is ${Math.round((deps.now() - alarm.at) / 60_000)} min old and no alarm of the target stands any more`,
    };
  }
  const oldNews = await readOldNews(target, deps);
  if (oldNews !== null) return oldNews;
  return openFor(target, { alarm: alarm.alarmName, at: alarm.at, reason: alarm.reason }, deps);
}

/** Opens or joins the target's incident for a sighting and sees to it that its workflow runs. */
export async function openFor(
  target: TargetSettings,
  alarm: AlarmSighting,
  deps: DispatchDependencies,
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
  // A person's call has none; what still stands when it is over is dispatched again by the reconciler.
  if (incident.call === null) await deps.workflow.start(incident.id);
  await deliverPending(incident, deps);
  return { result: opening.kind === 'opened' ? 'opened' : 'joined', incidentId: incident.id };
}

async function openOrTakeOver(candidate: NewIncident, deps: DispatchDependencies): Promise<Opening> {
  const opening = await deps.store.open(candidate);
  if (opening.kind !== 'expired') return opening;
  return (await isRunning(opening.incident, deps))
    ? { ...opening, kind: 'joined' }
    : deps.store.takeOver(candidate, opening.incident);
}

async function isRunning(incident: Incident, { workflow }: DispatchDependencies): Promise<boolean> {
  return (await workflow.status(incident.id)).status === 'running';
}

/** Told to a person, as somebody believes that this alarm is looked after. A topic that fails fails the invocation. */
async function refuse(
  target: TargetSettings,
  alarmName: string,
  reason: string,
  deps: DispatchDependencies,
): Promise<DispatchResult> {
  await deps.notifier.publish(composeRefusal({ targetId: target.id, alarmName, reason, at: deps.now() }));
  return { result: 'refused', reason };
}
