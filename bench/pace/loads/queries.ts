import type { Load } from '../load.ts';
import { healthyPool } from './habits.ts';

export const queries: Load = {
  name: 'queries',
  summary: '60 analytics queries that run for an hour, usually 0 to 2, beside a pool of 50',
  expected: 'relief',
  cause: 'long-queries',
  users: { shop: 'healthy', analytics: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 50 });
    const usual = stage.pool('analytics', { application: 'notebook', max: 2 });
    const look = async () => {
      const one = await usual.take();
      await one?.run(`SELECT COUNT(*), ${stage.sleepSql(6)} FROM orders`);
      one?.close();
      await stage.sleep(8_000);
    };
    stage.every(1_000, look);
    stage.every(4_000, look);
  },
  trouble(stage) {
    const pool = stage.pool('analytics', { application: 'notebook', max: 60 });
    for (let query = 0; query < 60; query++) {
      stage.begin(async () => {
        await stage.sleep(query * 200);
        await pool.use(`SELECT customer, ${stage.sleepSql(3600)} FROM orders WHERE id = ${query + 1}`);
      });
    }
  },
};
