import type { EventBus } from '../../core/ports/outside.ts';
import { once } from '../process/once.ts';
import { busPlaceFromEnvironment, MOST_AT_ONCE } from './bus-place.ts';

/**
 * The bus of this function's environment (`HEADROOM_EVENT_BUS_ARN`), one per process; null where it has none. Its code is
 * loaded by the first call that has an event to put.
 */
export const eventBusFromEnvironment = once((): EventBus | null => {
  const place = busPlaceFromEnvironment();
  if (place === null) return null;
  const bus = once(async () => (await import('./event-bus.ts')).openEventBus(place));
  return { origin: place.origin, mostAtOnce: MOST_AT_ONCE, put: async (events) => (await bus()).put(events) };
});
