import { systemClock } from '../aws/clock.ts';
import { dispatchClientFromEnvironment } from '../aws/dispatch-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { metricsOfProcess } from '../aws/metrics.ts';
import { notifierFromEnvironment } from '../aws/notifier.ts';
import { workerClientFromEnvironment } from '../aws/worker-client.ts';
import { answer } from './answer.ts';

export const handler = logged('sample', (payload) =>
  answer(payload, {
    store: incidentStoreFromEnvironment(),
    worker: workerClientFromEnvironment(),
    dispatcher: dispatchClientFromEnvironment(),
    notifier: notifierFromEnvironment(),
    metrics: metricsOfProcess(),
    ...systemClock,
  }),
);
