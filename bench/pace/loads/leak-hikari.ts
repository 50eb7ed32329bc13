import type { Load } from '../load.ts';
import { healthyPool } from './healthy-pool.ts';
import { leak } from './leak.ts';

export const leakHikari: Load = {
  name: 'leak-hikari',
  summary: 'an application takes 60 connections and gives none back, beside a pool of 50 that refills',
  expected: 'relief',
  users: { shop: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 50, refills: true });
  },
  trouble(stage) {
    leak(stage, { user: 'leaky', most: 60, everyMs: 500 });
  },
};
