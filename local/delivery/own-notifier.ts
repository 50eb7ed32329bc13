import type { Notifier } from '../../functions/core/ports/outside.ts';
import { deliver, type DeliverySettings } from './deliver.ts';

/**
 * Delivers messages in the configured ways, for commands that run no topic. Where none is configured it accepts every
 * message.
 */
export function createOwnNotifier(settings: DeliverySettings): Notifier {
  return {
    publish: ({ subject, body, json, attributes }) => deliver({ subject, body, attributes, json }, settings),
  };
}
