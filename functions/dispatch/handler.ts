import { dispatchDependencies } from '../aws/clients/dispatch-dependencies.ts';
import { logged } from '../aws/process/log.ts';
import { dispatch } from './dispatch.ts';

export const handler = logged('dispatch', (payload) => dispatch(payload, dispatchDependencies()));
