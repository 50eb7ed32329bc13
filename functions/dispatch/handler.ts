import { dispatchDependencies } from '../aws/dispatch-dependencies.ts';
import { logged } from '../aws/log.ts';
import { dispatch } from './dispatch.ts';

export const handler = logged('dispatch', (payload) => dispatch(payload, dispatchDependencies()));
