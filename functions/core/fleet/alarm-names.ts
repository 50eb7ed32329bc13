/** What each alarm of a target that opens incidents watches, and how its name ends. */
const ENDINGS = {
  trigger: 'connections-high',
  critical: 'connections-critical',
  /** Uses what the sampler saw. The sampler raises it itself. */
  usage: 'usage-high',
} as const;

export type TargetAlarmKind = keyof typeof ENDINGS;

/** The alarms of every target of an installation, with `*` in the place of its id. */
export const ALARM_PATTERNS = Object.values(ENDINGS).map((ending) => `*-${ending}`);

/** Likewise, of those on the connections that RDS counts. */
export const CONNECTION_ALARM_PATTERNS = [ENDINGS.trigger, ENDINGS.critical].map((ending) => `*-${ending}`);

/** The names of a target's alarms, which share the prefix of the installation. */
export function alarmNamesOf(prefix: string, targetId: string): Readonly<Record<TargetAlarmKind, string>> {
  const named = (ending: string): string => `${prefix}-${targetId}-${ending}`;
  return { trigger: named(ENDINGS.trigger), critical: named(ENDINGS.critical), usage: named(ENDINGS.usage) };
}

/** The id of the target that an alarm is about, as far as its name says; null when it is no target's. */
export function targetOfAlarm(prefix: string, alarmName: string): string | null {
  const ending = Object.values(ENDINGS).find((each) => alarmName.endsWith(`-${each}`));
  if (ending === undefined || !alarmName.startsWith(`${prefix}-`)) return null;
  const id = alarmName.slice(prefix.length + 1, -ending.length - 1);
  return id === '' ? null : id;
}

/** The alarms of a member of a cluster, from those of the cluster. */
export function memberAlarms(alarms: readonly string[], clusterId: string, id: string): string[] {
  return Object.values(ENDINGS).flatMap((ending) => {
    const own = `-${clusterId}-${ending}`;
    const name = alarms.find((each) => each.endsWith(own));
    return name === undefined ? [] : [`${name.slice(0, -own.length)}-${id}-${ending}`];
  });
}

/** Of a target's alarms, those that stand on the connections that RDS counts; null where it has none. */
export function connectionAlarmsIn(
  alarms: readonly string[],
): { readonly [Kind in 'trigger' | 'critical']: string } | null {
  const named = (kind: 'trigger' | 'critical') => alarms.find((name) => name.endsWith(`-${ENDINGS[kind]}`));
  const [trigger, critical] = [named('trigger'), named('critical')];
  return trigger === undefined || critical === undefined ? null : { trigger, critical };
}

/** The alarm that the sampler raises by itself, of the alarms of a target. */
export function usageAlarmIn(alarms: readonly string[]): string {
  return alarms.find((name) => name.endsWith(`-${ENDINGS.usage}`)) ?? alarms[0] ?? ENDINGS.usage;
}
