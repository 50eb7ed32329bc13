import type { Load } from '../load.ts';
import { hikari } from '../programs.ts';

/** The real library: its pools open all their connections at once, keep their size, and replace what they lose. */
export const leakHikari: Load = {
  name: 'leak-hikari',
  summary: 'a HikariCP application takes 60 connections and gives none back, beside a HikariCP pool of 50',
  expected: 'relief',
  cause: 'connection-leak',
  engines: ['postgres'],
  users: { shop: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    stage.adopt('shop', await hikari('healthy', { url: stage.urlOf('shop'), application: 'shop-api', size: 50 }));
  },
  trouble(stage) {
    stage.begin(async () => {
      stage.adopt('leaky', await hikari('leak', { url: stage.urlOf('leaky'), application: 'leaky-worker', size: 60 }));
    });
  },
};
