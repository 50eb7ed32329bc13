import { setTimeout as delay } from 'node:timers/promises';

/** Time as the steps take it: injected, so that tests and rehearsals can bend it. */
export interface Clock {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly sleep: (forMs: number) => Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: async (forMs) => {
    await delay(forMs);
  },
};
