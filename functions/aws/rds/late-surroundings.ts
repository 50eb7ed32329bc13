import type { Surroundings } from '../../core/ports/outside.ts';
import { once } from '../process/once.ts';

/** As `surroundingsFromEnvironment`, whose code is loaded by the first call that asks RDS: not every target is there. */
export const lateSurroundingsFromEnvironment = once((): Surroundings => {
  const load = async (): Promise<Surroundings> => (await import('./surroundings.ts')).surroundingsFromEnvironment();
  return {
    masterUser: async (instance) => (await load()).masterUser(instance),
    changes: async (instance, since) => (await load()).changes(instance, since),
    connections: async (instance, since) => (await load()).connections(instance, since),
    freeMemory: async (instance, since) => (await load()).freeMemory(instance, since),
  };
});
