import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { until, type MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf, type StageClient } from './stage.ts';

/** Who a session is, while it runs a routine with the rights of the routine's definer. */
export function describeMysqlRoutines(stage: () => MysqlStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
    await stage().administer("CREATE USER IF NOT EXISTS owner@'10.1.%' IDENTIFIED BY 'owner'");
    await stage().administer("GRANT ALL ON main.* TO owner@'10.1.%'");
    for (const [name, definer] of [
      ['of_app', 'app'],
      ['of_owner', "owner@'10.1.%'"],
      ['of_root', 'CURRENT_USER'],
    ]) {
      await stage().administer(
        `CREATE DEFINER = ${definer} FUNCTION main.${name}(s INT) RETURNS INT NO SQL RETURN SLEEP(s)`,
      );
    }
  });
  afterEach(async () => {
    worker.close();
    for (const name of ['of_app', 'of_owner', 'of_root']) await stage().administer(`DROP FUNCTION main.${name}`);
  });

  /** The server shows who logged in, whatever a session runs. */
  const showsLogin = () => stage().hasPerformanceSchema;
  const see = async (client: Pick<StageClient, 'id'>) => sessionOf(await takeSnapshot(worker), client);
  const run = (client: Awaited<ReturnType<MysqlStage['open']>>, routine: string) =>
    client.startWaiting(`SELECT main.${routine}(20)`, /^User sleep$/);

  test.each(['of_root', 'of_owner'])('a session that was seen before is the same in a routine: %s', async (routine) => {
    const client = await stage().open();
    const before = await see(client);
    await run(client, routine);
    const during = await see(client);
    expect(during).toMatchObject({
      identity: before.identity,
      state: 'active',
      user: 'app',
      client: '127.0.0.1',
      superuser: false,
      kind: 'client',
    });
    expect(during.doubts).not.toContain('user');
    const [ending] = await endSessions(worker, [victimOf(during, { queryMark: during.queryMark }, 'cancel')]);
    expect(ending?.result).toBe('cancelled');
    await until(async () => (await see(client)).state === 'idle');
  });

  test('others stay who they are in a routine of the application: a user that is protected, an administrator', async () => {
    const [other, administrator] = [
      await stage().open({ as: 'other-app' }),
      await stage().open({ as: 'administrator' }),
    ];
    await takeSample(worker);
    await run(other, 'of_app');
    await run(administrator, 'of_app');
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, other)).toMatchObject({ user: 'other_app', state: 'active' });
    const seen = sessionOf(snapshot, administrator);
    expect(seen.superuser).toBe(true);
    expect((await endSessions(worker, [victimOf(seen, {}, 'cancel')]))[0]?.result).toBe('changed');
    await administrator.close();
  });

  test('of a session that was never seen before nobody knows who it is, and it is left alone', async () => {
    const [inRoutine, plain] = [await stage().open({ as: 'other-app' }), await stage().open()];
    await run(inRoutine, 'of_owner');
    await plain.startQuery(20);
    const snapshot = await takeSnapshot(worker);
    const [seen, seenPlain] = [sessionOf(snapshot, inRoutine), sessionOf(snapshot, plain)];
    if (showsLogin()) expect(seen).toMatchObject({ user: 'other_app', client: '127.0.0.1' });
    expect(seen.doubts.includes('user')).toBe(!showsLogin());
    const [ending] = await endSessions(worker, [victimOf(seen, {}, 'cancel')]);
    if (!showsLogin()) expect(ending?.result).toBe('changed');
    // An address is nobody's account, so no routine hides behind it.
    expect(seenPlain).toMatchObject({ user: 'app', client: '127.0.0.1' });
    expect(seenPlain.doubts).not.toContain('user');
    expect((await endSessions(worker, [victimOf(seenPlain, {}, 'cancel')]))[0]?.result).toBe('cancelled');
  });

  test('who waits inside a routine waits since the statement inside began, and for whom is known', async () => {
    await stage().administer(
      "CREATE PROCEDURE main.wait_for_key() SQL SECURITY INVOKER BEGIN DO SLEEP(2); SELECT GET_LOCK('key 9', 60); END",
    );
    await stage().administer('GRANT EXECUTE ON main.* TO app');
    const [root, waiter] = [await stage().open(), await stage().open()];
    await takeSample(worker);
    await root.holdAdvisoryLock(9);
    await waiter.startWaiting('CALL main.wait_for_key()', /^User lock$/);
    await sleep(1_000 + stage().shows.lockWaitPrecisionMs);
    const { lockWaitMs, queryMs, blockedBy } = await see(waiter);
    await stage().administer('DROP PROCEDURE main.wait_for_key');
    expect(blockedBy).toEqual([root.id]);
    expect(lockWaitMs).toBeGreaterThanOrEqual(1_000);
    // The others show only since when the whole routine runs.
    if (stage().shows.lastStatement) expect(lockWaitMs).toBeLessThanOrEqual((queryMs ?? 0) - 1_000);
  });

  test('where the accounts may not be read, whoever is at work may be somebody else until it was seen idle', async () => {
    const accounts = async (may: boolean) =>
      stage().administer(
        may
          ? 'GRANT SELECT (Host) ON mysql.user TO headroom_responder'
          : 'REVOKE SELECT (Host) ON mysql.user FROM headroom_responder',
      );
    await accounts(false);
    const unaware = await openWorker(stage());
    try {
      const [seenIdle, unseen, inRoutine] = [await stage().open(), await stage().open(), await stage().open()];
      await unseen.startQuery(20);
      await takeSample(unaware);
      await seenIdle.startQuery(20);
      await run(inRoutine, 'of_owner');
      const snapshot = await takeSnapshot(unaware);
      const isDoubtful = (client: StageClient) => sessionOf(snapshot, client).doubts.includes('user');
      expect([seenIdle, unseen, inRoutine].map(isDoubtful)).toEqual(
        showsLogin() ? [false, false, false] : [false, true, true],
      );
    } finally {
      unaware.close();
      await accounts(true);
    }
  });
}
