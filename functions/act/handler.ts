import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { logged } from '../aws/process/log.ts';
import { act } from './act.ts';

export const handler = logged('act', (payload) =>
  act(payload, { store: incidentStoreFromEnvironment(), worker: workerClientFromEnvironment(), ...systemClock }),
);
