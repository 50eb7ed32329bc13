import { systemClock } from '../aws/clock.ts';
import { dispatchClientFromEnvironment } from '../aws/dispatch-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { metricsOfProcess } from '../aws/metrics.ts';
import { notifierFromEnvironment } from '../aws/notifier.ts';
import { workerClientFromEnvironment } from '../aws/worker-client.ts';
import { sample } from './sample.ts';

export const handler = logged('sample', (payload) =>
  sample(payload, {
    store: incidentStoreFromEnvironment(),
    worker: workerClientFromEnvironment(),
    dispatcher: dispatchClientFromEnvironment(),
    notifier: notifierFromEnvironment(),
    metrics: metricsOfProcess(),
    ...systemClock,
  }),
);
