import { incidentStoreFromEnvironment } from '../incident-store/store.ts';
import { systemClock } from '../process/clock.ts';
import { reportLinksFromEnvironment } from '../process/environment.ts';
import { alarmsFromEnvironment } from './alarms.ts';
import { eventBusFromEnvironment } from '../events/late-event-bus.ts';
import { lateNotifierFromEnvironment } from './late-notifier.ts';
import { workflowClientFromEnvironment } from './workflow-client.ts';

/** What dispatch and reconcile need of AWS, from their environment. */
export function dispatchDependencies() {
  return {
    store: incidentStoreFromEnvironment(),
    notifier: lateNotifierFromEnvironment(),
    events: eventBusFromEnvironment(),
    workflow: workflowClientFromEnvironment(),
    alarms: alarmsFromEnvironment(),
    reportLinks: reportLinksFromEnvironment(),
    ...systemClock,
  };
}
