import { dispatchDependencies } from '../aws/clients/dispatch-dependencies.ts';
import { workerClientFromEnvironment } from '../aws/clients/worker-client.ts';
import { logged } from '../aws/process/log.ts';
import { reconcile } from './reconcile.ts';

export const handler = logged('reconcile', (payload) =>
  reconcile(payload, { ...dispatchDependencies(), worker: workerClientFromEnvironment() }),
);
