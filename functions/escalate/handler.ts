import { notifierFromEnvironment } from '../aws/clients/notifier.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { reportLinksFromEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { escalate } from './escalate.ts';

export const handler = logged('escalate', (payload) =>
  escalate(payload, {
    store: incidentStoreFromEnvironment(),
    notifier: notifierFromEnvironment(),
    reportLinks: reportLinksFromEnvironment(),
    ...systemClock,
  }),
);
