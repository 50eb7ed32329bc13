import { incidentStoreFromEnvironment } from '../incident-store/store.ts';
import { systemClock } from '../process/clock.ts';
import { alarmsFromEnvironment } from './alarms.ts';
import { lateEventBusFromEnvironment, lateNotifierFromEnvironment } from './late.ts';
import { workflowClientFromEnvironment } from './workflow-client.ts';

/** What dispatch and reconcile need of AWS, from their environment. */
export function dispatchDependencies() {
  return {
    store: incidentStoreFromEnvironment(),
    notifier: lateNotifierFromEnvironment(),
    events: lateEventBusFromEnvironment(),
    workflow: workflowClientFromEnvironment(),
    alarms: alarmsFromEnvironment(),
    ...systemClock,
  };
}
