/** Names of everything that is installed. They share the prefix, which scopes every permission. */
export function namesOf(prefix: string) {
  return {
    table: `${prefix}-incidents`,
    topic: `${prefix}-notices`,
    workflow: `${prefix}-workflow`,
    page: `${prefix}-approvals`,
    control: (name: string) => `${prefix}-${name}`,
    worker: (targetId: string) => `${prefix}-worker-${targetId}`,
    anyWorker: `${prefix}-worker-*`,
    anyTargetRule: `${prefix}-target-*`,
    triggerAlarm: (targetId: string) => `${prefix}-${targetId}-connections-high`,
    criticalAlarm: (targetId: string) => `${prefix}-${targetId}-connections-critical`,
    usageAlarm: (targetId: string) => `${prefix}-${targetId}-usage-high`,
    alarmRule: (targetId: string) => `${prefix}-target-${targetId}-alarms`,
    minuteRule: (targetId: string) => `${prefix}-target-${targetId}-minute`,
    sampleRule: (targetId: string) => `${prefix}-target-${targetId}-sample`,
    checkRule: (targetId: string) => `${prefix}-target-${targetId}-check`,
    undelivered: (targetId: string) => `${prefix}-${targetId}-undelivered`,
    dispatchFailures: `${prefix}-dispatch-failures`,
    workflowEndedRule: `${prefix}-workflow-ended`,
    selfAlarm: (what: string) => `${prefix}-self-${what}`,
    targetAlarm: (targetId: string, what: string) => `${prefix}-${targetId}-${what}`,
    sharedStack: `${prefix}-shared`,
    targetStack: (targetId: string) => `${prefix}-target-${targetId}`,
  };
}

export type Names = ReturnType<typeof namesOf>;
