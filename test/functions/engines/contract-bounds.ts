import { afterEach, describe, expect, test } from 'vitest';
import { UNBOUNDED, type Bounds } from '../../../functions/core/policy/bounds.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import {
  changeLimit,
  endSessions,
  openWorker,
  sessionOf,
  takeSnapshot,
  victimOf,
  type Stage,
  type StageClient,
} from './stage.ts';

/** What a worker refuses by its own settings, whoever asks and whatever policy the request was made by. */
export function describeBounds(stage: () => Stage): void {
  let worker: Worker | null = null;
  afterEach(async () => {
    worker?.close();
    await stage().limitable.setLimit(null);
  });

  const open = async (bounds: Partial<Bounds>) =>
    (worker = await openWorker(stage(), { bounds: { ...UNBOUNDED, ...bounds } }));
  const sessions = async (count: number, application = 'web') => {
    const clients: StageClient[] = [];
    for (let n = 0; n < count; n++) clients.push(await stage().open({ application }));
    return clients;
  };
  const end = async (by: Worker, clients: readonly StageClient[]) => {
    const snapshot = await takeSnapshot(by);
    return endSessions(
      by,
      clients.map((client) => victimOf(sessionOf(snapshot, client))),
    );
  };
  const resultsOf = (endings: Awaited<ReturnType<typeof end>>) => endings.map(({ result }) => result);
  const order = (limit: number, before: number | null = null) => ({ user: stage().limitable.name, limit, before });

  test('in mode observe it ends nobody and limits nobody', async () => {
    const clients = await sessions(2);
    const by = await open({ mayEnd: false, mayLimit: false });
    const endings = await end(by, clients);
    expect(resultsOf(endings)).toEqual(['refused', 'refused']);
    expect(endings[0]?.detail).toContain('observe');
    for (const client of clients) await client.query('SELECT 1');
    expect(await changeLimit(by, 'limit', order(3))).toMatchObject({
      result: 'refused',
      detail: expect.stringContaining('observe') as string,
    });
    expect(await stage().limitable.readLimit()).toBeNull();
  });

  describe('whom its settings protect it leaves alone', () => {
    test.each([
      ['by user', { users: ['ap*'] }],
      ['by application', { applications: ['web'] }],
      ['by client address', { clients: ['127.0.0.0/8'] }],
    ])('%s', async (_, names) => {
      // Where the server does not show applications, nothing can be matched against them.
      if (!stage().shows.application && 'applications' in names) names = { users: ['app'] };
      const [client] = await sessions(1);
      const by = await open({ protect: { ...UNBOUNDED.protect, ...names } });
      const [ending] = await end(by, client ? [client] : []);
      expect(ending).toMatchObject({ result: 'refused', detail: expect.stringContaining('protected') as string });
      await client?.query('SELECT 1');
    });

    test('and ends the others of the same order', async () => {
      const kept = await stage().open({ database: 'second' });
      const ended = await stage().open();
      const by = await open({ protect: { ...UNBOUNDED.protect, databases: ['second'] } });
      expect(resultsOf(await end(by, [kept, ended]))).toEqual(['refused', 'ended']);
      await kept.query('SELECT 1');
    });

    test('and who holds something, also when the order does not ask for that', async () => {
      const holder = await stage().open();
      await holder.holdAdvisoryLock();
      const by = await open({});
      const [ending] = await end(by, [holder]);
      expect(ending?.result).toBe(stage().shows.holdings ? 'refused' : 'ended');
    });

    test('nor is such a user limited', async () => {
      const { name } = stage().limitable;
      const by = await open({ protect: { ...UNBOUNDED.protect, users: [name] } });
      expect(await changeLimit(by, 'limit', order(3))).toMatchObject({ result: 'refused' });
      expect(await stage().limitable.readLimit()).toBeNull();
    });
  });

  test('it ends no more than its share, in one order and within an hour', async () => {
    const clients = await sessions(6);
    const by = await open({ perActPercent: 10, perHourPercent: 20 });
    const { usable } = (await takeSnapshot(by)).limits;
    const perAct = Math.ceil(usable / 10);
    const first = resultsOf(await end(by, clients));
    expect(first).toEqual(clients.map((_, n) => (n < perAct ? 'ended' : 'refused')));
    const left = clients.slice(perAct);
    const second = resultsOf(await end(by, left));
    const perHour = Math.ceil(usable / 5) - perAct;
    expect(second).toEqual(left.map((_, n) => (n < perHour ? 'ended' : 'refused')));
    expect(resultsOf(await end(by, left.slice(perHour)))).not.toContain('ended');
  });

  test('a lift that would be a limit is refused', async () => {
    const user = stage().limitable;
    await user.setLimit(9);
    const by = await open({ mayLimit: false });
    expect(await changeLimit(by, 'lift', order(9, 2))).toMatchObject({ result: 'refused' });
    expect(await user.readLimit()).toBe(9);
    // What stands is lifted all the same: nothing of an earlier configuration is left behind.
    expect(await changeLimit(by, 'lift', order(9, 12))).toMatchObject({ result: 'done' });
    expect(await user.readLimit()).toBe(12);
  });
}
