import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { openPostgresStage, type PostgresStage } from './postgres-stage.ts';
import { endSessions, openWorker, sessionOf, takeSnapshot, victimOf } from './stage.ts';

let stage: PostgresStage;
let worker: Worker;
beforeAll(async () => {
  stage = await openPostgresStage(18, { maxConnections: 160 });
  worker = await openWorker(stage);
});
afterAll(async () => {
  worker.close();
  await stage.clear();
  await stage.stop();
});

test('more sessions than one statement takes are all ended, refused ones and administrators among them left alone', async () => {
  const clients = await Promise.all(
    Array.from({ length: 130 }, (_, n) =>
      stage.open({ as: n === 20 ? 'administrator' : n === 30 ? 'other-app' : 'app' }),
    ),
  );
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
  const byId = new Map(snapshot.sessions.map((session) => [session.identity.id, session.blockedBy]));
  const rootOf = (id: number): number => {
    const ahead = byId.get(id)?.[0];
    return ahead === undefined ? id : rootOf(ahead);
  };
  expect(new Set(waiters.map(({ id }) => rootOf(id)))).toEqual(new Set([root.id]));
});
