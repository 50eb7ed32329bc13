import { systemClock } from '../aws/clock.ts';
import { incidentStoreFromEnvironment } from '../aws/incident-store.ts';
import { logged } from '../aws/log.ts';
import { notifierFromEnvironment } from '../aws/notifier.ts';
import { escalate } from './escalate.ts';

export const handler = logged('escalate', (payload) =>
  escalate(payload, { store: incidentStoreFromEnvironment(), notifier: notifierFromEnvironment(), ...systemClock }),
);
