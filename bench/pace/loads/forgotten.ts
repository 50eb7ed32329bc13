import type { Load } from '../load.ts';
import { healthyPool } from './habits.ts';

export const forgotten: Load = {
  name: 'forgotten',
  summary: 'an application forgets 55 transactions, beside a pool of 45',
  expected: 'relief',
  cause: 'idle-in-transaction',
  users: { shop: 'healthy', billing: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 45 });
    const pool = stage.pool('billing', { application: 'billing', max: 3 });
    stage.every(1_000, () => pool.use('SELECT COUNT(*) FROM orders'));
  },
  trouble(stage) {
    const pool = stage.pool('billing', { application: 'billing', max: 55 });
    let taken = 0;
    stage.every(700, async () => {
      if (taken >= 55) return;
      const one = await pool.take();
      if (one === null) return;
      taken++;
      await one.run('BEGIN');
      await one.run('SELECT COUNT(*) FROM orders');
    });
  },
};
