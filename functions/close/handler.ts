import { systemClock } from '../aws/clock.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { notifierFromEnvironment } from '../aws/notifier.ts';
import { workerClientFromEnvironment } from '../aws/worker-client.ts';
import { close } from './close.ts';

export const handler = logged('close', (payload) =>
  close(payload, {
    store: incidentStoreFromEnvironment(),
    worker: workerClientFromEnvironment(),
    notifier: notifierFromEnvironment(),
    ...systemClock,
  }),
);
