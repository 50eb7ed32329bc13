import { connectionAlarmsIn } from '../core/fleet/alarm-names.ts';
import type { Change } from '../core/messages/changes.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { InstanceAlarm, OwnAlarms } from '../core/ports/outside.ts';
import { connectionAlarms } from '../core/sampler/connection-alarms.ts';

export interface ThresholdDependencies {
  readonly store: Pick<IncidentStore, 'samples'>;
  readonly ownAlarms: OwnAlarms;
  /** URL of people's own, for the descriptions of alarms. */
  readonly runbook?: string | undefined;
  readonly now: () => number;
}

/** A sample that is older says nothing of a server that may have restarted since. */
const FRESH_MS = 10 * 60_000;

/**
 * Puts the alarms on RDS's count of connections where the server's slots are now, as it says itself, reserves left out.
 * Alarms that are not there are made: a member of a cluster comes without. Does nothing as long as no sample shows the
 * slots.
 */
export async function keepThresholds(target: TargetSettings, deps: ThresholdDependencies): Promise<Change[]> {
  const names = connectionAlarmsIn(target.alarms);
  const samples = await deps.store.samples.since(target.id, deps.now() - FRESH_MS);
  const usable = samples.findLast((sample) => sample.usable !== null)?.usable ?? null;
  if (names === null || usable === null) return [];
  const { trigger, critical } = connectionAlarms(target.instance, usable, target.policy, deps.runbook);
  const wanted: InstanceAlarm[] = [
    { ...trigger, name: names.trigger, instance: target.instance },
    { ...critical, name: names.critical, instance: target.instance },
  ];
  const standing = await deps.ownAlarms.standing(wanted.map(({ name }) => name));
  const isMoved = ({ name, threshold }: InstanceAlarm) => standing.get(name)?.threshold !== threshold;
  // A runbook that is set later comes into those that stand too.
  const isReworded = ({ name, description }: InstanceAlarm) => standing.get(name)?.description !== description;
  for (const alarm of wanted) if (isMoved(alarm) || isReworded(alarm)) await deps.ownAlarms.put(alarm);
  const before = standing.get(names.trigger)?.threshold;
  if (!wanted.some(isMoved) || before === undefined) return [];
  return [{ kind: 'slots', instance: target.instance, usable, before, now: trigger.threshold }];
}

/** Takes the alarms of a member away that has left. */
export async function removeAlarms(target: TargetSettings, { ownAlarms }: ThresholdDependencies): Promise<void> {
  const names = connectionAlarmsIn(target.alarms);
  if (names !== null) await ownAlarms.remove(Object.values(names));
}
