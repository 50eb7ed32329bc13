import { alarmsFromEnvironment } from '../aws/clients/alarms.ts';
import { functionCallerFromEnvironment } from '../aws/clients/function-caller.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { systemClock } from '../aws/process/clock.ts';
import { readEnvironment } from '../aws/process/environment.ts';
import { logged } from '../aws/process/log.ts';
import { tick } from './tick.ts';

export const handler = logged('tick', (payload) =>
  tick(payload, {
    store: incidentStoreFromEnvironment(),
    alarms: alarmsFromEnvironment(),
    functions: functionCallerFromEnvironment(),
    prefix: readEnvironment(['HEADROOM_PREFIX']).HEADROOM_PREFIX,
    ...systemClock,
  }),
);
