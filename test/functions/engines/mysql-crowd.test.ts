import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { openMysqlStage, type MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, sessionOf, takeSnapshot, victimOf } from './stage.ts';

describe.each([
  { flavour: 'mysql', performanceSchema: true },
  { flavour: 'mariadb', performanceSchema: false, isRds: true },
] as const)('$flavour', (options) => {
  let stage: MysqlStage;
  let worker: Worker;
  beforeAll(async () => {
    stage = await openMysqlStage({ ...options, maxConnections: 160 });
    worker = await openWorker(stage);
  });
  afterAll(async () => {
    worker.close();
    await stage.clear();
    await stage.stop();
  });

  test('more sessions than one look takes are all ended, refused ones and administrators among them left alone', async () => {
    const clients = [];
    for (let n = 0; n < 130; n++) {
      clients.push(await stage.open({ as: n === 20 ? 'administrator' : n === 30 ? 'other-app' : 'app' }));
    }
    const snapshot = await takeSnapshot(worker);
    await stage.restrictSignals(true);
    const endings = await endSessions(
      worker,
      clients.map((client) => victimOf(sessionOf(snapshot, client))),
    );
    await stage.restrictSignals(false);
    const expected = clients.map((_, n) => (n === 20 ? 'changed' : n === 30 ? 'refused' : 'ended'));
    expect(endings.map(({ result }) => result)).toEqual(expected);
    expect(endings.map(({ identity }) => identity.id)).toEqual(clients.map(({ id }) => id));
  });

  test('of a long queue each waiter names its root and at most 32 sessions ahead', async () => {
    const root = await stage.open();
    await root.begin();
    await root.lockRow(1);
    const waiters = await Promise.all(Array.from({ length: 60 }, () => stage.open()));
    await Promise.all(waiters.map((waiter) => waiter.startWaitingForRow(1)));
    const snapshot = await takeSnapshot(worker);
    const blockedBy = waiters.map((waiter) => sessionOf(snapshot, waiter).blockedBy);
    expect(Math.max(...blockedBy.map((ids) => ids.length))).toBe(32);
    expect(blockedBy.map(([first]) => first)).toEqual(waiters.map(() => root.id));
  });
});
