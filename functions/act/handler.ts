import { systemClock } from '../aws/clock.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { workerClientFromEnvironment } from '../aws/worker-client.ts';
import { act } from './act.ts';

export const handler = logged('act', (payload) =>
  act(payload, { store: incidentStoreFromEnvironment(), worker: workerClientFromEnvironment(), ...systemClock }),
);
