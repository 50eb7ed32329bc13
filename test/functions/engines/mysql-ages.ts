import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { until, type MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf, type StageClient } from './stage.ts';

/** Ages that the list of sessions tells wrong. */
export function describeMysqlAges(stage: () => MysqlStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  /** Where this is not so, MySQL shows nothing but TIME, which follows `SET timestamp`. */
  const isExact = () => stage().engine === 'mariadb' || stage().hasPerformanceSchema;
  const see = async (client: Pick<StageClient, 'id'>) => sessionOf(await takeSnapshot(worker), client);

  test.each([
    ['the past', 1_700_000_000],
    ['the future', 2_100_000_000],
  ])('a session whose clock was set to %s is idle for as long as it is, or nobody knows how long', async (_, epoch) => {
    const client = await stage().open();
    await client.query(`SET timestamp = ${epoch}`);
    const workedAt = Date.now();
    await client.query('SELECT 1');
    await sleep(1_200);
    const session = await see(client);
    const mostMs = Date.now() - workedAt;
    const order = victimOf(session, { minStateMs: 60_000 });
    expect(session.state).toBe('idle');
    if (isExact()) expect(session.stateMs).toBeLessThanOrEqual(mostMs);
    else expect(session).toMatchObject({ stateMs: null, queryMs: null, queryMark: null });
    expect((await endSessions(worker, [order]))[0]?.result).toBe('changed');
    await client.query('SELECT 1');
  });

  test('a query or a transaction under such a clock is as old as it is, or nobody knows how old', async () => {
    const [busy, inTransaction] = [await stage().open(), await stage().open()];
    const beganAt = Date.now();
    await busy.query('SET timestamp = 1700000000');
    await busy.startQuery(20);
    await inTransaction.query('SET timestamp = 1700000000');
    await inTransaction.begin();
    await see(inTransaction);
    await sleep(1_000);
    const usedAt = Date.now();
    await inTransaction.query('SELECT 1');
    const snapshot = await takeSnapshot(worker);
    const seen = [busy, inTransaction].map((client) => sessionOf(snapshot, client));
    const takenMs = Date.now() - beganAt;
    expect(seen.map(({ state }) => state)).toEqual(['active', 'idle-in-transaction']);
    expect(seen[0]?.queryMs ?? 0).toBeLessThanOrEqual(takenMs + stage().shows.precisionMs);
    expect(seen[1]?.stateMs ?? 0).toBeLessThanOrEqual(Date.now() - usedAt);
    if (!isExact()) expect(seen).toMatchObject([{ queryMs: null, queryMark: null }, { stateMs: null }]);
  });

  test('a clock set back by less than that is found out by an earlier look', async () => {
    // So that the server could have seen the time that the session claims.
    await until(async () => Number((await stage().ask("SHOW GLOBAL STATUS LIKE 'Uptime'"))[0]?.['Value']) > 25, 200);
    const client = await stage().open();
    await takeSample(worker);
    await client.query('SET timestamp = UNIX_TIMESTAMP() - 20');
    const workedAt = Date.now();
    await client.query('SELECT 1');
    const first = await see(client);
    const second = await see(client);
    const mostMs = Date.now() - workedAt;
    for (const { stateMs } of [first, second]) {
      if (isExact()) expect(stateMs).toBeLessThanOrEqual(mostMs);
      else expect(stateMs).toBeNull();
    }
    await client.query('SET timestamp = DEFAULT');
    await client.query('SELECT 1');
    expect((await see(client)).stateMs).not.toBeNull();
  });

  test('a session that was seen at work has been idle since then at the most', async () => {
    const client = await stage().open();
    await client.startQuery(4);
    await sleep(2_500);
    const seenAt = Date.now();
    expect((await see(client)).state).toBe('active');
    await until(async () => (await see(client)).state === 'idle');
    expect((await see(client)).stateMs).toBeLessThanOrEqual(Date.now() - seenAt);
  });

  test('our own clock is the server’s, whatever the server does to new sessions', async () => {
    const client = await stage().open();
    await stage().administer("SET GLOBAL init_connect = 'SET timestamp = 1700000000'");
    const late = await openWorker(stage());
    try {
      await sleep(1_500);
      const { stateMs } = sessionOf(await takeSnapshot(late), client);
      expect(stateMs).not.toBeNull();
      expect(stateMs).toBeLessThan(60_000);
    } finally {
      late.close();
      await stage().administer("SET GLOBAL init_connect = ''");
    }
  });
}
