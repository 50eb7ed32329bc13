import { afterEach, beforeEach, expect, test } from 'vitest';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import { protectionOf } from '../../../functions/core/policy/protection.ts';
import { UNKNOWN_BLOCKER } from '../../../functions/core/server/session.ts';
import { reasonNotToAct } from '../../../functions/core/server/readiness.ts';
import type { DetailName } from '../../../functions/core/server/snapshot.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aPolicy } from '../../support/a-session.ts';
import type { PostgresStage } from './postgres-stage.ts';
import { endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

/** What everybody may read unless an administrator says otherwise, and what a look then lacks. */
const DENIED: readonly (readonly [string, readonly DetailName[]])[] = [
  ['SELECT ON pg_locks', ['executors', 'locks']],
  ['EXECUTE ON FUNCTION pg_blocking_pids(int)', ['blockers']],
  ['SELECT ON pg_roles', ['consumer-limits', 'administrators']],
  ['SELECT ON pg_stat_database', ['counters', 'consumer-limits']],
  ['SELECT ON pg_prepared_xacts', ['prepared']],
  ['SELECT ON pg_stat_activity', ['consumer-limits']],
];

/** What the server refuses of a look. */
export function describePostgresMissing(stage: () => PostgresStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  const without = async <T>(right: string, look: () => Promise<T>): Promise<T> => {
    await stage().administer(`REVOKE ${right} FROM PUBLIC`);
    try {
      return await look();
    } finally {
      await stage().administer(`GRANT ${right} TO PUBLIC`);
    }
  };

  test.each(DENIED)('without %s a look goes on, and says what it lacks', async (right, lacks) => {
    const client = await stage().open();
    const { sample, snapshot } = await without(right, async () => ({
      sample: await takeSample(worker),
      snapshot: await takeSnapshot(worker),
    }));
    expect(sessionOf(snapshot, client)).toMatchObject({ user: 'app', state: 'idle', database: 'postgres' });
    expect(sample.used).toBe(snapshot.used);
    expect(snapshot.missing?.map(({ detail }) => detail)).toEqual(lacks);
    const name = right.replace(/^\w+ ON (FUNCTION )?/, '').replace('(int)', '');
    for (const { why } of snapshot.missing ?? []) expect(why).toMatch(new RegExp(`^permission denied for .*${name}$`));
    expect((await takeSnapshot(worker)).missing).toBeUndefined();
  });

  test('nobody is ended whose locks could not be read, and nobody while administrators cannot be told', async () => {
    const client = await stage().open();
    const order = victimOf(sessionOf(await takeSnapshot(worker), client), { holdsNothing: true });
    await without('SELECT ON pg_locks', async () => {
      expect(protectionOf(sessionOf(await takeSnapshot(worker), client), aPolicy())).toBe('holdings-unknown');
      expect(await endSessions(worker, [order])).toMatchObject([
        { result: 'refused', detail: expect.stringContaining('what it holds could not be read') as string },
      ]);
    });
    await without('SELECT ON pg_roles', async () => {
      expect(reasonNotToAct(await takeSnapshot(worker))).toEqual({
        kind: 'may-not',
        why:
          'which users are administrators could not be read: permission denied for view pg_roles; ' +
          'so nothing was ended',
      });
    });
    await client.query('SELECT 1');
  });

  test('who waits shows also where nothing shows for whom', async () => {
    const [root, waiter] = [await stage().open(), await stage().open()];
    await root.begin();
    await root.lockRow(1);
    await waiter.startWaitingForRow(1);
    const snapshot = await without('EXECUTE ON FUNCTION pg_blocking_pids(int)', () => takeSnapshot(worker));
    expect(snapshot.visibility.seesBlockers).toBe(false);
    expect(sessionOf(snapshot, waiter)).toMatchObject({ blockedBy: [UNKNOWN_BLOCKER] });
    expect(sessionOf(snapshot, waiter).lockWaitMs).not.toBeNull();
    expect(protectionOf(sessionOf(snapshot, waiter), aPolicy())).toBe('waits-for-lock');
  });

  test('the right to end sessions is that to call what ends them, and cancelling has its own', async () => {
    const [client, busy] = [await stage().open(), await stage().open()];
    await busy.startQuery(20);
    const before = await takeSnapshot(worker);
    await without('EXECUTE ON FUNCTION pg_terminate_backend(int, bigint)', async () => {
      const { visibility } = await takeSnapshot(worker);
      expect(visibility).toMatchObject({
        maySignal: false,
        missing: ['GRANT EXECUTE ON FUNCTION pg_terminate_backend TO headroom_responder'],
      });
      expect(await endSessions(worker, [victimOf(sessionOf(before, client))])).toMatchObject([
        { result: 'refused', detail: 'permission denied for function pg_terminate_backend' },
      ]);
    });
    await without('EXECUTE ON FUNCTION pg_cancel_backend(int)', async () => {
      const { visibility } = await takeSnapshot(worker);
      expect(visibility).toMatchObject({
        maySignal: true,
        missing: ['GRANT EXECUTE ON FUNCTION pg_cancel_backend TO headroom_responder'],
      });
      const cancel = victimOf(sessionOf(before, busy), {}, 'cancel');
      expect(await endSessions(worker, [cancel, victimOf(sessionOf(before, client))])).toMatchObject([
        { result: 'refused', detail: 'permission denied for function pg_cancel_backend' },
        { result: 'ended' },
      ]);
    });
  });

  test('where even the sessions cannot be read, the fault has the words of the server', async () => {
    const request = { schema: SCHEMA, kind: 'snapshot', deadline: Date.now() + 15_000, patienceMs: 0 };
    const answer = without('SELECT ON pg_database', () => worker.answer(request));
    await expect(answer).rejects.toMatchObject({
      name: 'QueryFailed',
      message: 'the server answered: permission denied for table pg_database',
    });
  });
}
