import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liftByPerson } from '../../../functions/call/lift-limit.ts';
import type { WorkerClient } from '../../../functions/core/ports/worker-client.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { LimitAnswer, SnapshotAnswer } from '../../../functions/core/protocol/worker.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aLimitCall, limitByPerson } from '../../support/a-limit.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';
import { openMysqlStage } from '../engines/mysql-stage.ts';
import { openPostgresStage } from '../engines/postgres-stage.ts';
import { openWorker, type Stage } from '../engines/stage.ts';

let world: StepWorld;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

/** The steps' worker, on a real server: its deadlines are those of the test's clock. */
function workerOf(worker: Worker): Pick<WorkerClient, 'snapshot' | 'end' | 'limit' | 'lift'> {
  const ask = (kind: 'limit' | 'lift' | 'snapshot', request: object) =>
    worker.answer({ schema: SCHEMA, kind, ...request, deadline: Date.now() + 15_000 });
  return {
    end: () => Promise.reject(new Error('a limit ends nobody')),
    limit: async (_, request) => (await ask('limit', request)) as LimitAnswer,
    lift: async (_, request) => (await ask('lift', request)) as LimitAnswer,
    snapshot: async () => (await ask('snapshot', { patienceMs: 0 })) as SnapshotAnswer,
  };
}

describe.each<[string, () => Promise<Stage>]>([
  ['PostgreSQL 18', () => openPostgresStage(18)],
  ['MySQL 9', () => openMysqlStage({ flavour: 'mysql', performanceSchema: true })],
  ['MariaDB', () => openMysqlStage({ flavour: 'mariadb', performanceSchema: true })],
])('a limit of a person on %s', (name, open) => {
  let stage: Stage;
  let worker: Worker;
  beforeAll(async () => {
    stage = await open();
    worker = await openWorker(stage);
  });
  afterAll(async () => {
    worker.close();
    await stage.stop();
  });

  it('stands on the server for its time, and then, or when a person lifts it, what was before is back', async () => {
    const target = aTarget({ id: name.split(' ')[0]?.toLowerCase() ?? '', engine: stage.engine });
    const deps = { ...world, worker: workerOf(worker) };
    const { limitable: user } = stage;
    for (const before of [null, 12]) {
      world.at += 3_600_000;
      await user.setLimit(before);
      const { incident, until } = await limitByPerson(target, deps, aLimitCall(6, user.name));
      expect(incident).toMatchObject({ outcome: 'done', failure: null });
      expect(await user.readLimit()).toBe(6);
      await reconcile({ schema: 1, target }, deps);
      expect(await user.readLimit()).toBe(6);
      if (before === null) {
        world.at = until ?? 0;
        await reconcile({ schema: 1, target }, deps);
      } else {
        for (const limit of await world.store.limits.of(target.id))
          await liftByPerson(target, limit, { by: 'ann', why: 'over' }, deps);
      }
      expect(await user.readLimit()).toBe(before);
      expect(await world.store.limits.settledOf(incident.id)).toMatchObject([
        { user: user.name, end: 'lifted', before },
      ]);
    }
    await expect(limitByPerson(target, deps, aLimitCall(6, 'app'))).rejects.toThrow(
      'no administrator has allowed that',
    );
  });
});
