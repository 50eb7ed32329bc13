import type { Load } from '../load.ts';
import { healthyPool } from './habits.ts';

/** As node-postgres has it where nothing else is said. */
const IDLE_MS = 10_000;

export const lock: Load = {
  name: 'lock',
  summary: 'a session locks a table and sleeps, 35 readers hang, beside a pool of 60',
  engines: ['postgres', 'mysql'],
  expected: 'relief',
  cause: 'lock-contention',
  users: { shop: 'healthy', readers: 'healthy', admin_script: 'culprit' },
  async calm(stage) {
    await healthyPool(stage, { user: 'shop', size: 60 });
    const pool = stage.pool('readers', { application: 'catalogue', max: 100 });
    stage.every(500, () => pool.use('SELECT * FROM stock'));
  },
  trouble(stage) {
    const holder = stage.pool('admin_script', { application: 'psql', max: 1 });
    const readers = stage.pool('readers', { application: 'catalogue', max: 100, idleMs: IDLE_MS });
    stage.begin(async () => {
      const one = await holder.take();
      if (stage.engine === 'postgres') {
        await one?.run('BEGIN');
        await one?.run('LOCK TABLE stock IN ACCESS EXCLUSIVE MODE');
      } else await one?.run('LOCK TABLES stock WRITE');
      await one?.run(`SELECT ${stage.sleepSql(3600)}`);
    });
    // Whoever asks for it hangs; a request whose reader was lost asks again.
    for (let reader = 0; reader < 40; reader++) {
      stage.begin(async () => {
        await stage.sleep(1_000 + reader * 150);
        stage.every(2_000, () => readers.use('SELECT * FROM stock'));
      });
    }
  },
};

export const lockUnseen: Load = {
  ...lock,
  name: 'lock-unseen',
  summary: 'the same where the server does not show what blocks, as MariaDB by default: nobody may be ended',
  engines: ['mariadb'],
  expected: 'page',
};
