import { dispatchDependencies } from '../aws/clients/dispatch-dependencies.ts';
import { readEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { dispatch } from './dispatch.ts';

export const handler = logged('dispatch', (payload) => {
  const { HEADROOM_PREFIX: prefix } = readEnvironment(['HEADROOM_PREFIX']);
  return dispatch(payload, { ...dispatchDependencies(), prefix });
});
