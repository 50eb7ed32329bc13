import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { until, type MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, takeSample, takeSnapshot, victimOf } from './stage.ts';

const EVENTS = 20;

/** Threads that are listed and are no connections. */
export function describeMysqlThreads(stage: () => MysqlStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
    await stage().administer("CREATE USER IF NOT EXISTS chores@localhost IDENTIFIED BY 'chores'");
    await stage().administer('GRANT EVENT ON main.* TO chores@localhost');
    const [row] = await stage().ask('SELECT @@GLOBAL.event_scheduler AS before_that');
    scheduler = String(row?.['before_that']);
    await stage().administer('SET GLOBAL event_scheduler = ON');
  });
  let scheduler = 'ON';
  afterEach(async () => {
    worker.close();
    await stage().administer(`SET GLOBAL event_scheduler = ${scheduler}`);
  });

  const running = async () =>
    (
      await stage().ask(
        "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SLEEP(60)%' AND ID <> CONNECTION_ID()",
      )
    ).map(({ id }) => Number(id));

  test('events at work take no slot, are no half-open connections, and are never ended', async () => {
    const client = await stage().open();
    const before = await takeSample(worker);
    for (let event = 0; event < EVENTS; event++) {
      await stage().administer(
        `CREATE DEFINER = chores@localhost EVENT main.chore_${event} ON SCHEDULE AT NOW() DO SELECT SLEEP(60)`,
      );
    }
    await until(async () => (await running()).length === EVENTS);
    const ids = await running();
    // The canary of the look before may take a moment to leave.
    await expect.poll(async () => (await takeSample(worker)).used, { timeout: 10_000 }).toBe(before.used);
    const during = await takeSample(worker);
    const snapshot = await takeSnapshot(worker);
    const events = snapshot.sessions.filter(({ identity }) => ids.includes(identity.id));
    const endings = await endSessions(
      worker,
      events.map((session) => victimOf({ ...session, state: 'active' })),
    );
    const left = await running();
    for (const id of left) await stage().administer(`KILL ${id}`);
    await until(async () => (await running()).length === 0);
    for (const { used, byState, halfOpen } of [during, snapshot]) {
      expect(used).toBeLessThanOrEqual(before.used + 1);
      expect(halfOpen.count).toBe(0);
      expect(Object.values(byState).reduce((sum, count) => sum + count, 0)).toBe(used);
    }
    expect(snapshot.consumers).toEqual(before.consumers);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['system']));
    expect(new Set(endings.map(({ result }) => result))).toEqual(new Set(['changed']));
    expect(left).toHaveLength(EVENTS);
    await client.query('SELECT 1');
  });
}
