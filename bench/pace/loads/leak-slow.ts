import type { Load } from '../load.ts';
import { healthyPool, leak } from './habits.ts';

export const leakSlow: Load = {
  name: 'leak-slow',
  summary: 'an application leaks one connection each 1.5 s without end, beside a pool of 50',
  expected: 'relief',
  cause: 'connection-leak',
  users: { shop: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 50 });
  },
  trouble(stage) {
    leak(stage, { user: 'leaky', most: 100_000, everyMs: 1_500 });
  },
};
