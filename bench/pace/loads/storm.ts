import type { Load, Stage } from '../load.ts';
import type { Pool } from '../pool.ts';
import { healthyPool } from './habits.ts';

const CLIENTS = 110;
const STORM_MS = 240_000;

export const storm: Load = {
  name: 'storm',
  summary: '110 clients reconnect without back-off for four minutes, usually 8, beside a pool of 50; cap-consumer: act',
  expected: 'relief',
  cause: 'connection-storm',
  users: { shop: 'healthy', storefront: 'culprit' },
  limitable: ['shop', 'storefront'],
  policy: { tiers: { 'cap-consumer': 'act' } },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 50 });
    const pool = stage.pool('storefront', { application: 'web', max: 8 });
    for (let client = 0; client < 8; client++) stage.every(1_000, () => visit(stage, pool));
  },
  trouble(stage) {
    const pool = stage.pool('storefront', { application: 'web', max: CLIENTS });
    const until = Date.now() + STORM_MS;
    for (let client = 0; client < CLIENTS; client++) {
      stage.every(500 + 5 * client, async () => {
        if (Date.now() < until) await visit(stage, pool);
        else await stage.sleep(5_000);
      });
    }
  },
};

/** Connects, asks, stays for some seconds, leaves, and comes again. */
async function visit(stage: Stage, pool: Pool): Promise<void> {
  const one = await pool.take();
  if (one === null) return;
  await one.run('SELECT COUNT(*) FROM orders WHERE customer = 3');
  await stage.sleep(4_000);
  one.close();
}
