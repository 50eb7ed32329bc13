import type { Notifier } from '../../core/ports/outside.ts';
import { readEnvironment } from '../process/environment.ts';
import { once } from '../process/once.ts';

/**
 * As `notifierFromEnvironment`. Most calls of a function that may tell people have nothing to tell, so the code for it is
 * loaded by the first that has. What is wrong with the environment is still said by every call.
 */
export const lateNotifierFromEnvironment = once((): Notifier => {
  readEnvironment(['HEADROOM_TOPIC_ARN']);
  const load = async (): Promise<Notifier> => (await import('./notifier.ts')).notifierFromEnvironment();
  return { publish: async (message) => (await load()).publish(message) };
});
