import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { DispatchResult } from '../core/protocol/steps.ts';
import { isNews } from '../core/record/cooldown.ts';
import { historyMsOf, judgeLevels } from '../core/sampler/levels.ts';
import { percent } from '../core/words/percent.ts';
import { readCooldown, type CooldownDependencies } from '../incident/cooldown.ts';

export interface StaleAlarmDependencies extends CooldownDependencies {
  readonly store: CooldownDependencies['store'] & Pick<IncidentStore, 'samples'>;
}

/** A sample that still describes the server. */
const FRESH_SAMPLE_MS = 90_000;

/**
 * Alarms lag behind by minutes, so one may go off long after its trouble has been dealt with. The samples since the
 * last incident show it: the server is well again, or it has been over the trigger all the while and people know. Null
 * when the event may be about something new, and wherever there is no fresh sample.
 */
export async function dismissStaleAlarm(
  target: TargetSettings,
  deps: StaleAlarmDependencies,
): Promise<DispatchResult | null> {
  const { latest, isActive } = await readCooldown(target, deps);
  if (!isActive || latest?.closedAt == null) return null;
  const { policy } = target;
  const { closedAt } = latest;
  const now = deps.now();
  const history = await deps.store.samples.since(target.id, Math.min(closedAt, now) - historyMsOf(policy));
  const newestIndex = history.findLastIndex(({ usage }) => usage !== null);
  const newest = history[newestIndex];
  if (newest === undefined || newest.at <= closedAt || now - newest.at > FRESH_SAMPLE_MS) return null;
  const usage = newest.usage ?? 0;
  if (usage < policy.triggerPercent && !newest.isFull) {
    const ago = `${Math.round((now - newest.at) / 1000)} s ago`;
    return {
      result: 'stale',
      reason: `usage was ${percent(usage)} ${ago}, after incident ${latest.id} had closed`,
    };
  }
  const { crossing } = judgeLevels(history.slice(0, newestIndex + 1), policy);
  const isSame = crossing !== null && crossing.since <= closedAt && !isNews(crossing, latest);
  return isSame ? { result: 'handled', incidentId: latest.id } : null;
}
