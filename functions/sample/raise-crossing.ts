import { usageAlarmIn } from '../core/fleet/alarm-names.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { Dispatcher } from '../core/ports/dispatcher.ts';
import { makeAlarmEvent } from '../core/protocol/alarm-event.ts';
import type { DispatchResult } from '../core/protocol/steps.ts';
import { isNews } from '../core/record/cooldown.ts';
import type { Crossing } from '../core/sampler/levels.ts';
import { minuteOf, readCooldown, type CooldownDependencies } from '../incident/cooldown.ts';
import { FRESH_EVENT_MS } from '../incident/open.ts';

export interface RaiseDependencies extends CooldownDependencies {
  readonly dispatcher: Dispatcher;
}

/**
 * Hands a crossing to dispatch as the event of an alarm. Null during the cooldown after an incident: then a crossing
 * that goes on is left alone, by the same rules as an alarm.
 */
export async function raiseCrossing(
  target: TargetSettings,
  crossing: Crossing,
  deps: RaiseDependencies,
): Promise<DispatchResult | null> {
  const { latest, isActive } = await readCooldown(target, deps);
  if (isActive && latest !== null && !isNews(crossing, latest)) return null;
  const isNewRun = crossing.since > (latest?.closedAt ?? 0);
  const event = makeAlarmEvent({
    settings: target,
    at: isNewRun ? momentOf(crossing, deps.now()) : minuteOf(deps.now()),
    alarmName: usageAlarmIn(target.alarms),
    reason: crossing.reason,
    metric: { namespace: 'Headroom', name: 'UsagePercent', dimensions: { Target: target.id } },
  });
  return deps.dispatcher.dispatch(target.id, event);
}

/**
 * The moment of a crossing names its incident, so that calls repeated while it lasts mean one. It must be recent, or
 * dispatch takes the event for a stale one.
 */
function momentOf({ since }: Crossing, now: number): number {
  return now - since < FRESH_EVENT_MS / 2 ? since : minuteOf(now);
}
