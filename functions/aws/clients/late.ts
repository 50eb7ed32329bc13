import type { EventBus, Notifier, Surroundings } from '../../core/ports/outside.ts';
import { busPlaceFromEnvironment, MOST_AT_ONCE } from '../events/bus-place.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

// Clients that most calls of a function have no use for. Their code is a quarter of what such a function would load, so
// it is loaded by the first call that needs it. What is wrong with the environment is still said by every call.

/** As `notifierFromEnvironment`. */
export const lateNotifierFromEnvironment = once((): Notifier => {
  readEnvironment(['HEADROOM_TOPIC_ARN']);
  const load = async (): Promise<Notifier> => (await import('./notifier.ts')).notifierFromEnvironment();
  return { publish: async (message) => (await load()).publish(message) };
});

/** As `surroundingsFromEnvironment`: targets on RDS have them. */
export const lateSurroundingsFromEnvironment = once((): Surroundings => {
  const load = async (): Promise<Surroundings> => (await import('../rds/surroundings.ts')).surroundingsFromEnvironment();
  return {
    masterUser: async (instance) => (await load()).masterUser(instance),
    changes: async (instance, since) => (await load()).changes(instance, since),
    connections: async (instance, since) => (await load()).connections(instance, since),
    freeMemory: async (instance, since) => (await load()).freeMemory(instance, since),
  };
});

/** As `eventBusFromEnvironment`: most calls of those who look after incidents have no event to put. */
export const lateEventBusFromEnvironment = once((): EventBus | null => {
  const place = busPlaceFromEnvironment();
  if (place === null) return null;
  const load = async (): Promise<EventBus | null> => (await import('../events/event-bus.ts')).eventBusFromEnvironment();
  return {
    origin: place.origin,
    mostAtOnce: MOST_AT_ONCE,
    put: async (events) => (await (await load())?.put(events)) ?? new Map(),
  };
});
