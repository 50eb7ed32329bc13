import { dispatchDependencies } from '../aws/dispatch-dependencies.ts';
import { logged } from '../aws/log.ts';
import { workerClientFromEnvironment } from '../aws/worker-client.ts';
import { reconcile } from './reconcile.ts';

export const handler = logged('reconcile', (payload) =>
  reconcile(payload, { ...dispatchDependencies(), worker: workerClientFromEnvironment() }),
);
