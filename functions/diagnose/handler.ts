import { systemClock } from '../aws/clock.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { surroundingsFromEnvironment } from '../aws/surroundings.ts';
import { workerClientFromEnvironment } from '../aws/worker-client.ts';
import { diagnose } from './diagnose.ts';

export const handler = logged('diagnose', (payload) =>
  diagnose(payload, {
    store: incidentStoreFromEnvironment(),
    worker: workerClientFromEnvironment(),
    surroundings: surroundingsFromEnvironment(),
    ...systemClock,
  }),
);
