import type { Notifier } from '../../functions/core/ports/outside.ts';
import { deliver, type DeliverySettings } from './delivery.ts';

/**
 * Hands messages straight to the ways of the configuration, for commands that run no topic. Without any it takes all.
 */
export function createOwnNotifier(settings: DeliverySettings): Notifier {
  return {
    publish: ({ subject, body, json, attributes }) => deliver({ subject, body, attributes, json }, settings),
  };
}
