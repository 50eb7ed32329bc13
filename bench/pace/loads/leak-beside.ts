import type { Load } from '../load.ts';
import { php } from '../programs.ts';
import { healthyPool, leak } from './habits.ts';

export const leakBesideReports: Load = {
  name: 'leak-beside-reports',
  summary: 'a leak fills the slots within seconds, beside 8 long reports, which are usual, and a pool of 35',
  expected: 'relief',
  cause: 'connection-leak',
  users: { shop: 'healthy', reports: 'healthy', leaky: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 35 });
    const pool = stage.pool('reports', { application: 'reporting', max: 8 });
    for (let report = 0; report < 8; report++) {
      stage.every(1_000, () => pool.use(`SELECT customer, ${stage.sleepSql(900)} FROM orders WHERE id = ${report}+1`));
    }
  },
  trouble(stage) {
    leak(stage, { user: 'leaky', most: 60, everyMs: 60 });
  },
};

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
