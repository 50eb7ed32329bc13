import { notifierFromEnvironment } from '../aws/clients/notifier.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { pageUrlFromEnvironment, reportLinksFromEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { newSecret } from '../aws/process/secret.ts';
import { ask } from './ask.ts';

export const handler = logged('ask', (payload) =>
  ask(payload, {
    store: incidentStoreFromEnvironment(),
    notifier: notifierFromEnvironment(),
    newSecret,
    pageUrl: pageUrlFromEnvironment(),
    reportLinks: reportLinksFromEnvironment(),
    ...systemClock,
  }),
);
