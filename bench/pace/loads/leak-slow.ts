import type { Load } from '../load.ts';
import { healthyPool, leak } from './habits.ts';

export const leakSlow: Load = {
  name: 'leak-slow',
  summary: 'an application leaks one connection each 1.5 s without end, beside a pool of 50: no budget suffices',
  expected: 'page',
  cause: 'connection-leak',
  users: { shop: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 50 });
  },
  trouble(stage) {
    leak(stage, { user: 'leaky', most: 100_000, everyMs: 1_500 });
  },
};

export const leakLimited: Load = {
  ...leakSlow,
  name: 'leak-limited',
  summary: 'the same leak; cap-consumer: act, so its user is limited once the budget is spent',
  expected: 'limit',
  limitable: ['shop', 'leaky'],
  policy: { tiers: { 'cap-consumer': 'act' } },
};
