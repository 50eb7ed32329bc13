import { ALARM_PATTERNS, CONNECTION_ALARM_PATTERNS, alarmNamesOf } from '../../functions/core/fleet/alarm-names.ts';

/** Names of everything that is installed. They share the prefix, which scopes every permission. */
export function namesOf(prefix: string) {
  return {
    table: `${prefix}-incidents`,
    topic: `${prefix}-notices`,
    workflow: `${prefix}-workflow`,
    page: `${prefix}-approvals`,
    dashboard: prefix,
    control: (name: string) => `${prefix}-${name}`,
    worker: (targetId: string) => `${prefix}-worker-${targetId}`,
    anyWorker: `${prefix}-worker-*`,
    /** Of the alarms that open incidents. */
    alarms: (targetId: string) => alarmNamesOf(prefix, targetId),
    /** Those of them that stand on the connections that RDS counts. */
    connectionAlarms: CONNECTION_ALARM_PATTERNS.map((pattern) => `${prefix}-${pattern}`),
    anyAlarms: ALARM_PATTERNS.map((pattern) => `${prefix}-${pattern}`),
    alarmRule: `${prefix}-alarms`,
    tickRule: `${prefix}-tick`,
    rdsEventsRule: `${prefix}-rds-events`,
    /** Of an earlier version, which had rules for each target. */
    anyTargetRule: `${prefix}-target-*`,
    dispatchFailures: `${prefix}-dispatch-failures`,
    workflowEndedRule: `${prefix}-workflow-ended`,
    selfAlarm: (what: string) => `${prefix}-self-${what}`,
    sharedStack: `${prefix}-shared`,
    networkStack: (vpcId: string) => `${prefix}-network-${vpcId}`,
    networkParameter: (vpcId: string, what: string) => `/${prefix}/network/${vpcId}/${what}`,
    targetStack: (targetId: string) => `${prefix}-target-${targetId}`,
  };
}

export type Names = ReturnType<typeof namesOf>;
