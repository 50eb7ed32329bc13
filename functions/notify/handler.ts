import { systemClock } from '../aws/clock.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { notifierFromEnvironment } from '../aws/notifier.ts';
import { notify } from './notify.ts';

export const handler = logged('notify', (payload) =>
  notify(payload, { store: incidentStoreFromEnvironment(), notifier: notifierFromEnvironment(), ...systemClock }),
);
