import type { Load, Stage } from '../load.ts';
import type { Pool } from '../pool.ts';
import { healthyPool } from './habits.ts';

export const honest: Load = {
  name: 'honest',
  summary: 'a traffic peak of short queries fills the server: nobody may be ended',
  expected: 'page',
  cause: 'limit-too-low',
  users: { shop: 'healthy', web: 'healthy' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 20 });
    const pool = stage.pool('web', { application: 'web', max: 45 });
    for (let client = 0; client < 40; client++) serve(stage, pool);
  },
  trouble(stage) {
    const pool = stage.pool('web', { application: 'web', max: 60 });
    for (let client = 0; client < 60; client++) serve(stage, pool);
  },
};

/** Queries of half a second, one after the other. */
function serve(stage: Stage, pool: Pool): void {
  stage.every(30, () => pool.use(`SELECT COUNT(*), ${stage.sleepSql(0.5)} FROM orders WHERE customer = 5`));
}
