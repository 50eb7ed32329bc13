import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ALARM_PATTERNS,
  alarmNamesOf,
  targetOfAlarm,
  usageAlarmIn,
} from '../../../../functions/core/fleet/alarm-names.ts';

const name = (most: number) => fc.stringMatching(new RegExp(`^[a-z](?:[a-z0-9-]{0,${most - 2}}[a-z0-9])?$`));

test('the name of an alarm says which target it is about', () => {
  fc.assert(
    fc.property(name(20), name(30), (prefix, id) => {
      for (const alarm of Object.values(alarmNamesOf(prefix, id))) expect(targetOfAlarm(prefix, alarm)).toBe(id);
    }),
  );
});

test('every alarm of a target has one of the patterns that the rule takes', () => {
  const endings = ALARM_PATTERNS.map((pattern) => pattern.replace('*', ''));
  const names = Object.values(alarmNamesOf('headroom', 'orders'));
  expect(names.map((alarm) => endings.filter((ending) => alarm.endsWith(ending)).length)).toEqual([1, 1, 1]);
});

test.each([
  'headroom-self-dispatch-errors',
  'headroom-connections-high',
  'headroom--connections-high',
  'other-orders-connections-high',
  'headroom-orders-connections-high-2',
])('%s is no target’s', (alarm) => {
  expect(targetOfAlarm('headroom', alarm)).toBeNull();
});

test('the sampler raises the alarm on usage, and any other where a target has none', () => {
  const { trigger, critical, usage } = alarmNamesOf('headroom', 'orders');
  expect(usageAlarmIn([trigger, critical, usage])).toBe(usage);
  expect(usageAlarmIn([trigger])).toBe(trigger);
});
