import { targetOfAlarm } from '../core/fleet/alarm-names.ts';
import { composeRefusal } from '../core/messages/refused-event.ts';
import { rehearsalOf } from '../core/rehearsal/rehearsal.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Alarms } from '../core/ports/outside.ts';
import { belongsTo, parseAlarmEvent, type AlarmEvent } from '../core/protocol/alarm-event.ts';
import { readRehearsalEvent } from '../core/rehearsal/rehearsal-event.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { dispatchRequest, type DispatchResult } from '../core/protocol/steps.ts';
import { errorWords } from '../core/words/error-words.ts';
import { FRESH_EVENT_MS, openFor, type OpenDependencies } from '../incident/open.ts';
import { dismissStaleAlarm, type StaleAlarmDependencies } from './stale-alarm.ts';

export interface DispatchDependencies extends OpenDependencies {
  readonly store: OpenDependencies['store'] & StaleAlarmDependencies['store'] & Pick<IncidentStore, 'targets'>;
  readonly alarms: Pick<Alarms, 'active'>;
  /** Of the installation: the names of its alarms begin with it. */
  readonly prefix: string;
}

/**
 * From an alarm event to the target's one open incident and its running workflow. Safe to repeat, in any order. The
 * target is the one that the request names; the rule sends the event alone, and then the name of the alarm says it.
 */
export async function dispatch(payload: unknown, deps: DispatchDependencies): Promise<DispatchResult> {
  const { which, event } = readPayload(payload);
  const rehearsal = which === null ? null : readRehearsalEvent(event);
  if (which !== null && rehearsal !== null) return rehearse(which, rehearsal, deps);
  let alarm: AlarmEvent;
  try {
    alarm = parseAlarmEvent(event);
  } catch (thrown) {
    return refuse({ targetId: idOf(which), alarmName: 'unreadable', reason: errorWords(thrown) }, deps);
  }
  if (alarm.state !== 'ALARM') return { result: 'ignored', reason: `the alarm went to ${alarm.state}` };
  const { alarmName } = alarm;
  const named = which ?? targetOfAlarm(deps.prefix, alarmName);
  const target = named === null ? null : await deps.store.targets.find(named);
  if (target === null) return refuse({ targetId: idOf(named), alarmName, reason: notKnown(named) }, deps);
  const belongs = belongsTo(alarm, target);
  if (belongs !== true) return refuse({ targetId: target.id, alarmName, reason: belongs }, deps);
  const ageMs = deps.now() - alarm.at;
  if (ageMs > FRESH_EVENT_MS && (await deps.alarms.active(target.alarms)).length === 0) {
    const minutes = Math.round(ageMs / 60_000);
    return { result: 'stale', reason: `the event is ${minutes} min old and no alarm of the target is active any more` };
  }
  const dismissed = await dismissStaleAlarm(target, deps);
  if (dismissed !== null) return dismissed;
  return openFor(target, { alarm: alarmName, at: alarm.at, reason: alarm.reason }, deps);
}

/** Opens an incident that only observes, whatever the target's real one is doing. Only a command asks for it, no rule. */
async function rehearse(
  which: string | TargetSettings,
  { at, reason }: { readonly at: number; readonly reason: string },
  deps: DispatchDependencies,
): Promise<DispatchResult> {
  const target = await deps.store.targets.find(which);
  // Nobody relies on it but who is looking at the answer.
  if (target === null) return { result: 'refused', reason: notKnown(which) };
  return openFor(rehearsalOf(target), { alarm: 'rehearsal', at, reason }, deps);
}

interface Given {
  readonly which: string | TargetSettings | null;
  readonly event: unknown;
}

/** A request of ours has a schema; anything else is what a rule has sent. */
function readPayload(payload: unknown): Given {
  if (typeof payload !== 'object' || payload === null || !('schema' in payload)) return { which: null, event: payload };
  const { target, event } = parseRequest(dispatchRequest, payload);
  return { which: target, event };
}

function idOf(which: Given['which']): string | null {
  return typeof which === 'string' || which === null ? which : which.id;
}

function notKnown(named: Given['which']): string {
  if (named === null) return 'its name is not that of an alarm of a target';
  return `this installation has no target ${idOf(named)}: it was removed, or its stack has not been deployed yet`;
}

/** People are notified, since somebody relies on this alarm. A topic that fails fails the invocation. */
async function refuse(
  refused: { readonly targetId: string | null; readonly alarmName: string; readonly reason: string },
  deps: DispatchDependencies,
): Promise<DispatchResult> {
  await deps.notifier.publish(composeRefusal({ ...refused, at: deps.now() }));
  return { result: 'refused', reason: refused.reason };
}
