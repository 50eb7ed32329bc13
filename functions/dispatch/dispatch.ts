import { composeRefusal } from '../core/messages/refused-event.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { Alarms } from '../core/ports/outside.ts';
import { belongsTo, parseAlarmEvent, type AlarmEvent } from '../core/protocol/alarm-event.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { dispatchRequest, type DispatchResult } from '../core/protocol/steps.ts';
import { errorWords } from '../core/words/error-words.ts';
import { FRESH_MS, openFor, type OpenDependencies } from '../incident/open.ts';
import { readOldNews, type OldNewsDependencies } from './stale-alarm.ts';

export interface DispatchDependencies extends OpenDependencies {
  readonly store: OpenDependencies['store'] & OldNewsDependencies['store'];
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
  if (deps.now() - alarm.at > FRESH_MS && (await deps.alarms.active(target.alarms)).length === 0) {
    return {
      result: 'stale',
      reason: `the event is ${Math.round((deps.now() - alarm.at) / 60_000)} min old and no alarm of the target stands any more`,
    };
  }
  const oldNews = await readOldNews(target, deps);
  if (oldNews !== null) return oldNews;
  return openFor(target, { alarm: alarm.alarmName, at: alarm.at, reason: alarm.reason }, deps);
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
