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
 * a single one: in the next the server may be full. `runbook`: URL of people's own.
 */
export function connectionAlarms(
  instance: string,
  usable: number,
  policy: Policy,
  runbook: string | undefined,
): { readonly trigger: ConnectionAlarm; readonly critical: ConnectionAlarm } {
  const at = (percent: number, minutes: number): ConnectionAlarm => {
    const threshold = Math.ceil((usable * percent) / 100);
    const slots = `${threshold} or more of the ${usable} connections that its clients can have`;
    const lasting = minutes === 1 ? 'in one minute' : `for ${minutes} minutes`;
    const fires = `${instance} has ${slots} (${configuredPercent(percent)}), ${lasting}`;
    return { description: describeTargetAlarm(fires, runbook), threshold, minutes };
  };
  return { trigger: at(policy.triggerPercent, 2), critical: at(criticalPercentOf(policy), 1) };
}

/** CloudWatch takes no longer description. */
const DESCRIPTION_LENGTH = 1_024;

/** What the alarm of a target says of itself. `fires`: what sets it off, without a full stop. */
export function describeTargetAlarm(fires: string, runbook: string | undefined): string {
  const does =
    'Headroom opens an incident, finds out who holds the connections, ends what its policy lets it, and notifies people';
  return describeAlarm({ section: 'target-alarms', fires, does }, runbook);
}

/** What an alarm says: where to read on, what happened, and what Headroom does about it. */
export function describeAlarm(
  alarm: {
    /** Of docs/runbook.md. */
    readonly section: string;
    readonly fires: string;
    readonly does: string;
  },
  runbook: string | undefined,
): string {
  // People's own comes first: CloudWatch makes a link of it.
  const own = runbook === undefined ? '' : `${runbook} and `;
  const text = `Runbook: ${own}docs/runbook.md#${alarm.section}. What fires: ${alarm.fires}. What Headroom does: ${alarm.does}.`;
  return text.slice(0, DESCRIPTION_LENGTH);
}
