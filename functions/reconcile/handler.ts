import { dispatchDependencies } from '../aws/dispatch-dependencies.ts';
import { logged } from '../aws/log.ts';
import { reconcile } from './reconcile.ts';

export const handler = logged('reconcile', (payload) => reconcile(payload, dispatchDependencies()));
