import { arrivedOf } from '../../functions/core/channels/told.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { linkPlacesTo } from '../../functions/core/messages/form/places.ts';
import type { Notifier } from '../../functions/core/ports/outside.ts';
import { createCourier } from './courier.ts';
import { channelsOf, type DeliverySettings } from './deliver.ts';

/** Waits between the tries of one message. */
const WAITS_MS = [500, 2_000];

/**
 * Delivers messages in the configured ways, for commands that run no topic; three tries each. Where none is configured
 * it accepts every message.
 */
export function createOwnNotifier(settings: DeliverySettings): Notifier {
  const { runbook } = settings;
  const courier = createCourier(channelsOf(settings));
  return {
    async publish(message) {
      const notice = arrivedOf(linkPlacesTo(message, { runbook }));
      for (const wait of WAITS_MS) {
        const isDelivered = await courier.deliver(notice).then(
          () => true,
          () => false,
        );
        if (isDelivered) return 'published';
        await sleep(wait);
      }
      await courier.deliver(notice);
      return 'published';
    },
  };
}
