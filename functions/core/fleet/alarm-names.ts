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

/** The alarm that the sampler raises by itself, of the alarms of a target. */
export function usageAlarmIn(alarms: readonly string[]): string {
  return alarms.find((name) => name.endsWith(`-${ENDINGS.usage}`)) ?? alarms[0] ?? ENDINGS.usage;
}
