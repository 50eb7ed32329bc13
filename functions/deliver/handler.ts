import { incidentStoreFromEnvironment } from '../aws/incident-store/store.ts';
import { channelsFromEnvironment } from '../aws/outward/channels.ts';
import { deliveriesFromEnvironment } from '../aws/outward/deliveries.ts';
import { systemClock } from '../aws/process/clock.ts';
import { logged } from '../aws/process/log.ts';
import { deliver } from './deliver.ts';

export const handler = logged('deliver', (payload) =>
  deliver(payload, {
    channels: channelsFromEnvironment(),
    deliveries: deliveriesFromEnvironment(),
    store: incidentStoreFromEnvironment(),
    ...systemClock,
  }),
);
