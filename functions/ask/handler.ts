import { systemClock } from '../aws/clock.ts';
import { pageUrlFromEnvironment } from '../aws/environment.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { notifierFromEnvironment } from '../aws/notifier.ts';
import { newSecret } from '../aws/secret.ts';
import { ask } from './ask.ts';

export const handler = logged('ask', (payload) =>
  ask(payload, {
    store: incidentStoreFromEnvironment(),
    notifier: notifierFromEnvironment(),
    newSecret,
    pageUrl: pageUrlFromEnvironment(),
    ...systemClock,
  }),
);
