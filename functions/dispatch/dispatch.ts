import { composeRefusal } from '../core/messages/refused-event.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { Alarms } from '../core/ports/outside.ts';
import { belongsTo, parseAlarmEvent, type AlarmEvent } from '../core/protocol/alarm-event.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { dispatchRequest, type DispatchResult } from '../core/protocol/steps.ts';
import { errorWords } from '../core/words/error-words.ts';
import { FRESH_EVENT_MS, openFor, type OpenDependencies } from '../incident/open.ts';
import { dismissStaleAlarm, type StaleAlarmDependencies } from './stale-alarm.ts';

export interface DispatchDependencies extends OpenDependencies {
  readonly store: OpenDependencies['store'] & StaleAlarmDependencies['store'];
  readonly alarms: Alarms;
}

/** From an alarm event to the target's one open incident and its running workflow. Safe to repeat, in any order. */
export async function dispatch(payload: unknown, deps: DispatchDependencies): Promise<DispatchResult> {
  const { target, event } = parseRequest(dispatchRequest, payload);
  let alarm: AlarmEvent;
  try {
    alarm = parseAlarmEvent(event);
  } catch (thrown) {
    return refuse(target, 'unreadable', errorWords(thrown), deps);
  }
  const belongs = belongsTo(alarm, target);
  if (belongs !== true) return refuse(target, alarm.alarmName, belongs, deps);
  if (alarm.state !== 'ALARM') return { result: 'ignored', reason: `the alarm went to ${alarm.state}` };
  const ageMs = deps.now() - alarm.at;
  if (ageMs > FRESH_EVENT_MS && (await deps.alarms.active(target.alarms)).length === 0) {
    const minutes = Math.round(ageMs / 60_000);
    return { result: 'stale', reason: `the event is ${minutes} min old and no alarm of the target is active any more` };
  }
  const dismissed = await dismissStaleAlarm(target, deps);
  if (dismissed !== null) return dismissed;
  return openFor(target, { alarm: alarm.alarmName, at: alarm.at, reason: alarm.reason }, deps);
}

/** People are notified, since somebody relies on this alarm. A topic that fails fails the invocation. */
async function refuse(
  target: TargetSettings,
  alarmName: string,
  reason: string,
  deps: DispatchDependencies,
): Promise<DispatchResult> {
  await deps.notifier.publish(composeRefusal({ targetId: target.id, alarmName, reason, at: deps.now() }));
  return { result: 'refused', reason };
}
