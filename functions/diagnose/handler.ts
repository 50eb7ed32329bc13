import { lateSurroundingsFromEnvironment } from '../aws/rds/late-surroundings.ts';
import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { logged } from '../aws/process/log.ts';
import { diagnose } from './diagnose.ts';

export const handler = logged('diagnose', (payload) =>
  diagnose(payload, {
    store: incidentStoreFromEnvironment(),
    worker: workerClientFromEnvironment(),
    surroundings: lateSurroundingsFromEnvironment(),
    ...systemClock,
  }),
);
