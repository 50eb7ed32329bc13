import { dispatchClientFromEnvironment } from '../aws/clients/dispatch-client.ts';
import { functionCallerFromEnvironment } from '../aws/clients/function-caller.ts';
import { metricsOfProcess } from '../aws/clients/metrics.ts';
import { lateNotifierFromEnvironment } from '../aws/clients/late-notifier.ts';
import { lateSurroundingsFromEnvironment } from '../aws/rds/late-surroundings.ts';
import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { logged } from '../aws/process/log.ts';
import { answer } from './answer.ts';

export const handler = logged(
  'sample',
  (payload) =>
    answer(payload, {
      store: incidentStoreFromEnvironment(),
      worker: workerClientFromEnvironment(),
      dispatcher: dispatchClientFromEnvironment(),
      notifier: lateNotifierFromEnvironment(),
      metrics: metricsOfProcess(),
      functions: functionCallerFromEnvironment(),
      surroundings: lateSurroundingsFromEnvironment(),
      ...systemClock,
    }),
  // Each minute a sample is kept with its consumers; in the log they would cost more than all the rest.
  (result) =>
    'samples' in result
      ? { ...result, samples: result.samples.map((sample) => ({ ...sample, consumers: undefined })) }
      : result,
);
