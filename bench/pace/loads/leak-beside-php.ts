import type { Load } from '../load.ts';
import { php } from '../programs.ts';
import { leak } from './habits.ts';

/** The innocents are idle for longer than the culprits: each worker keeps its connection, and rests for up to 35 s. */
export const leakBesidePhp: Load = {
  name: 'leak-beside-php',
  summary: 'an application takes 60 connections and gives none back, beside 45 PHP workers with persistent connections',
  expected: 'relief',
  cause: 'connection-leak',
  engines: ['mysql', 'mariadb'],
  users: { shop: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    stage.adopt('shop', await php(stage.urlOf('shop'), 45));
    await stage.sleep(5_000);
  },
  trouble(stage) {
    leak(stage, { user: 'leaky', most: 60, everyMs: 500 });
  },
};
