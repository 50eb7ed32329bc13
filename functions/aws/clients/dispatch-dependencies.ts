import { incidentStoreFromEnvironment } from '../incident-store/store.ts';
import { systemClock } from '../process/clock.ts';
import { alarmsFromEnvironment } from './alarms.ts';
import { eventBusFromEnvironment } from '../events/event-bus.ts';
import { notifierFromEnvironment } from './notifier.ts';
import { workflowClientFromEnvironment } from './workflow-client.ts';

/** What dispatch and reconcile need of AWS, from their environment. */
export function dispatchDependencies() {
  return {
    store: incidentStoreFromEnvironment(),
    notifier: notifierFromEnvironment(),
    events: eventBusFromEnvironment(),
    workflow: workflowClientFromEnvironment(),
    alarms: alarmsFromEnvironment(),
    ...systemClock,
  };
}
