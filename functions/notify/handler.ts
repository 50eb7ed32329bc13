import { systemClock } from '../aws/process/clock.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { logged } from '../aws/process/log.ts';
import { notifierFromEnvironment } from '../aws/clients/notifier.ts';
import { notify } from './notify.ts';

export const handler = logged('notify', (payload) =>
  notify(payload, { store: incidentStoreFromEnvironment(), notifier: notifierFromEnvironment(), ...systemClock }),
);
