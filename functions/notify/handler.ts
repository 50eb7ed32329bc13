import { eventBusFromEnvironment } from '../aws/events/late-event-bus.ts';
import { notifierFromEnvironment } from '../aws/clients/notifier.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { reportLinksFromEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { notify } from './notify.ts';

export const handler = logged('notify', (payload) =>
  notify(payload, {
    store: incidentStoreFromEnvironment(),
    notifier: notifierFromEnvironment(),
    events: eventBusFromEnvironment(),
    reportLinks: reportLinksFromEnvironment(),
    ...systemClock,
  }),
);
