import { lateNotifierFromEnvironment } from '../aws/clients/late-notifier.ts';
import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { logged } from '../aws/process/log.ts';
import { close } from './close.ts';

export const handler = logged('close', (payload) =>
  close(payload, {
    store: incidentStoreFromEnvironment(),
    worker: workerClientFromEnvironment(),
    notifier: lateNotifierFromEnvironment(),
    ...systemClock,
  }),
);
