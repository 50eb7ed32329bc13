import { criticalPercentOf, type Policy } from '../policy/policy.ts';
import { configuredPercent } from '../words/percent.ts';

/** An alarm on the connections that RDS counts. It works when the worker does not. */
export interface ConnectionAlarm {
  readonly description: string;
  /** Connections at which it goes off. */
  readonly threshold: number;
  /** How long there must be so many, in minutes. */
  readonly minutes: number;
}

/**
 * The two alarms of a server with so many usable slots. `trigger` opens an incident after two minutes; `critical` after
 * a single one: in the next the server may be full.
 */
export function connectionAlarms(
  instance: string,
  usable: number,
  policy: Policy,
): { readonly trigger: ConnectionAlarm; readonly critical: ConnectionAlarm } {
  const at = (percent: number, minutes: number): ConnectionAlarm => {
    const threshold = Math.ceil((usable * percent) / 100);
    const slots = `${threshold} or more of its ${usable} usable slots`;
    return { description: `Headroom: ${instance} uses ${slots} (${configuredPercent(percent)})`, threshold, minutes };
  };
  return { trigger: at(policy.triggerPercent, 2), critical: at(criticalPercentOf(policy), 1) };
}
