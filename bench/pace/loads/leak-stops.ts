import type { Load } from '../load.ts';
import { healthyPool, leak } from './habits.ts';

export const leakStops: Load = {
  name: 'leak-stops',
  summary: 'an application takes 60 connections and gives none back, beside a pool of 50 that refills',
  expected: 'relief',
  cause: 'connection-leak',
  users: { shop: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 50, refills: true });
  },
  trouble(stage) {
    leak(stage, { user: 'leaky', most: 60, everyMs: 500 });
  },
};
