import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Expectation } from '../../../functions/core/protocol/worker.ts';
import { reasonNotToAct } from '../../../functions/core/server/readiness.ts';
import { LOCK_NAME } from '../../../functions/engines/mysql/connect/server-lock.sql.ts';
import { LOCK_KEY } from '../../../functions/engines/postgres/connect/server-lock.sql.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import {
  endSessions,
  endShortly,
  openWorker,
  sessionOf,
  takeSnapshot,
  victimOf,
  type Stage,
  type StageClient,
} from './stage.ts';

/** Ending what is still as expected, and nothing else. */
export function describeEnding(stage: () => Stage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  const see = async (client: StageClient) => sessionOf(await takeSnapshot(worker), client);
  const results = (endings: readonly { readonly result: string }[]) => endings.map(({ result }) => result);

  test('an idle session is ended and looked for again; its neighbours live', async () => {
    const victim = await stage().open();
    const neighbour = await stage().open();
    const session = await see(victim);
    const endings = await endSessions(worker, [victimOf(session)]);
    expect(endings).toEqual([{ identity: session.identity, result: 'ended', detail: '' }]);
    expect((await takeSnapshot(worker)).sessions.map(({ identity }) => identity.id)).not.toContain(victim.id);
    await neighbour.query('SELECT 1');
  });

  test('each state can be ended, several sessions in one order', async () => {
    const idle = await stage().open();
    const inTransaction = await stage().open();
    const failed = await stage().open();
    const busy = await stage().open();
    await inTransaction.begin();
    await failed.fail();
    await busy.startQuery(20);
    const snapshot = await takeSnapshot(worker);
    const victims = [idle, inTransaction, failed, busy].map((client) => victimOf(sessionOf(snapshot, client)));
    expect(results(await endSessions(worker, victims))).toEqual(['ended', 'ended', 'ended', 'ended']);
  });

  /** What happens between plan and action, and what the order had asked for. */
  const changes: readonly [string, Partial<Expectation>, (client: StageClient) => Promise<void>][] = [
    ['became active', {}, (client) => client.startQuery(20)],
    ['began a transaction', {}, (client) => client.begin()],
    ['is not idle long enough yet', { minStateMs: 60_000 }, () => Promise.resolve()],
    ['was idle long enough and has worked since', { minStateMs: 800 }, (client) => client.query('SELECT 1')],
    ['took an advisory lock', { holdsNothing: true }, (client) => client.holdAdvisoryLock()],
    ['blocks nobody', { blocksOthers: true }, () => Promise.resolve()],
  ];
  test.each(changes)('an idle session that %s is left alone', async (_, expectation, change) => {
    const client = await stage().open();
    const { precisionMs, holdings } = stage().shows;
    await sleep(expectation.minStateMs === 800 ? 850 + precisionMs : 0);
    const order = victimOf(await see(client), expectation);
    await change(client);
    const isUnseen = expectation.holdsNothing === true && !holdings;
    expect(results(await endSessions(worker, [order]))).toEqual([isUnseen ? 'ended' : 'changed']);
    expect(client.isOpen).toBe(!isUnseen);
  });

  test('a session on a later query, or in a later transaction, is left alone', async () => {
    const queried = await stage().open();
    await queried.query('SELECT 1');
    const queryMark = (await see(queried)).queryMark;
    const order = victimOf(await see(queried), { queryMark });
    await sleep(stage().shows.precisionMs);
    await queried.query('SELECT 1');

    const transacted = await stage().open();
    await transacted.begin();
    const before = await see(transacted);
    const laterOrder = victimOf(before, { transactionMark: before.transactionMark });
    await sleep(stage().shows.precisionMs);
    await transacted.commit();
    await transacted.begin();
    expect((await see(transacted)).transactionMark).not.toBe(before.transactionMark);
    expect(results(await endSessions(worker, [order, laterOrder]))).toEqual(['changed', 'changed']);
    expect(queried.isOpen && transacted.isOpen).toBe(true);
  });

  test('the same query and the same transaction are recognised', async () => {
    const client = await stage().open();
    await client.begin();
    await client.lockRow(3);
    const { transactionMark, queryMark } = await see(client);
    const order = victimOf(await see(client), { transactionMark, queryMark, holdsNothing: true });
    expect(results(await endSessions(worker, [order]))).toEqual(['ended']);
  });

  test('a session that is gone, one that took its id, and one of another server are left alone', async () => {
    const client = await stage().open();
    const session = await see(client);
    const other = { ...session, identity: { ...session.identity, incarnation: `${session.identity.incarnation}1` } };
    const elsewhere = { ...session, identity: { ...session.identity, server: 'another' } };
    const left = await stage().open();
    const gone = await see(left);
    await left.close();
    await expect
      .poll(async () => (await takeSnapshot(worker)).sessions.some(({ identity }) => identity.id === left.id))
      .toBe(false);
    expect(
      results(
        await endSessions(
          worker,
          [other, elsewhere, gone].map((victim) => victimOf(victim)),
        ),
      ),
    ).toEqual(['gone', 'gone', 'gone']);
    await client.query('SELECT 1');
  });

  test('after a restart every session of the plan is gone, and nobody is ended in its place', async () => {
    const client = await stage().open();
    const order = victimOf(await see(client));
    await stage().restart();
    const newcomer = await stage().open();
    expect(results(await endSessions(worker, [order]))).toEqual(['gone']);
    await newcomer.query('SELECT 1');
  });

  test('an administrator in the middle is left alone and stops nobody', async () => {
    const clients = [await stage().open(), await stage().open({ as: 'administrator' }), await stage().open()];
    const snapshot = await takeSnapshot(worker);
    const victims = clients.map((client) => victimOf(sessionOf(snapshot, client)));
    expect(results(await endSessions(worker, victims))).toEqual(['ended', 'changed', 'ended']);
  });

  test('one that the server refuses to end stops nobody, and the refusal is told in its words', async () => {
    const clients = [
      await stage().open(),
      await stage().open({ as: 'other-app' }),
      await stage().open(),
      await stage().open({ as: 'other-app' }),
    ];
    const snapshot = await takeSnapshot(worker);
    await stage().restrictSignals(true);
    const victims = clients.map((client) => victimOf(sessionOf(snapshot, client)));
    const endings = await endSessions(worker, victims);
    await stage().restrictSignals(false);
    const ofApp = stage().shows.refusesByUser ? 'ended' : 'refused';
    expect(results(endings)).toEqual([ofApp, 'refused', ofApp, 'refused']);
    expect(endings[1]?.detail).not.toBe('');
  });

  test('its own sessions are never ended', async () => {
    const other = await openWorker(stage());
    const otherSnapshot = await takeSnapshot(other);
    const own = otherSnapshot.sessions.filter((session) => session.own);
    const victims = own.map((session) =>
      victimOf({ ...session, state: session.state === 'active' ? 'active' : 'idle' }),
    );
    // A session of an earlier test may still be leaving.
    const outcomes = [...(await endSessions(worker, victims)), ...(await endSessions(other, victims))];
    expect(new Set(results(outcomes))).toContain('changed');
    expect(results(outcomes).filter((result) => result !== 'changed' && result !== 'gone')).toEqual([]);
    other.close();
  });

  test('the head of a lock queue is ended while it is that, and its waiter goes on', async () => {
    const root = await stage().open();
    const waiter = await stage().open();
    await root.begin();
    await root.lockRow(4);
    await waiter.startWaitingForRow(4);
    const order = victimOf(await see(root), { blocksOthers: true });
    const endings = await endSessions(worker, [order]);
    if (!stage().shows.blockers) return expect(results(endings)).toEqual(['changed']);
    expect(results(endings)).toEqual(['ended']);
    await waiter.query('SELECT 1');
  });

  test('a cancelled query stops and its session lives', async () => {
    const client = await stage().open();
    await client.startQuery(20);
    const session = await see(client);
    const order = victimOf(session, { queryMark: session.queryMark }, 'cancel');
    expect(results(await endSessions(worker, [order]))).toEqual(['cancelled']);
    await client.query('SELECT 1');
  });

  test('a query that ignores its cancellation is terminated when the grace ends, not before', async () => {
    const client = await stage().open();
    await client.startIgnoringCancel();
    const session = await see(client);
    const order = victimOf(session, { queryMark: session.queryMark }, 'cancel');
    const startedAt = Date.now();
    expect(results(await endSessions(worker, [order], { graceMs: 700 }))).toEqual(['ended']);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(700);
    expect((await takeSnapshot(worker)).sessions.map(({ identity }) => identity.id)).not.toContain(client.id);
  });

  test('nothing is signalled past the deadline', async () => {
    const client = await stage().open();
    await client.startIgnoringCancel();
    const session = await see(client);
    const order = victimOf(session, {}, 'cancel');
    expect(await endShortly(worker, order, 60_000)).toBe('still-there');
    const late = {
      schema: SCHEMA,
      kind: 'end',
      deadline: Date.now() - 1,
      graceMs: 0,
      victims: [victimOf(session)],
    };
    expect(await worker.answer(late)).toMatchObject({ ok: false, refusal: { kind: 'too-late' } });
    expect((await see(client)).identity).toEqual(session.identity);
  });

  test('of two executors at once one acts and the other is told so, from another database too', async () => {
    const second = await openWorker(stage(), {}, stage().withUrl(stage().responderUrl, { database: 'second' }));
    const third = await openWorker(stage());
    await takeSnapshot(second);
    await takeSnapshot(third);
    const client = await stage().open();
    await client.startIgnoringCancel();
    const order = victimOf(await see(client), {}, 'cancel');
    const request = { schema: SCHEMA, kind: 'end', deadline: Date.now() + 20_000, graceMs: 5_000, victims: [order] };
    const onlooker = await openWorker(stage());
    expect((await takeSnapshot(onlooker)).othersActing).toBe(false);
    const acting = Promise.all([worker, second, third].map((executor) => executor.answer(request)));
    await expect.poll(async () => (await takeSnapshot(onlooker)).othersActing).toBe(true);
    const answers = await acting;
    expect((await takeSnapshot(onlooker)).othersActing).toBe(false);
    onlooker.close();
    second.close();
    third.close();
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers) {
      if (!answer.ok) expect(answer.refusal.kind).toBe('busy-elsewhere');
    }
    expect(results(await endSessions(worker, [order]))).toEqual(['gone']);
  });

  test('another login that holds the server-side lock is no executor: it is named, and nobody is ended beside it', async () => {
    const squatter = await stage().open({ as: 'other-app', application: 'squatter' });
    const client = await stage().open();
    const order = victimOf(await see(client));
    await squatter.query(
      stage().engine === 'postgres'
        ? `SELECT pg_advisory_lock(${LOCK_KEY.join(', ')})`
        : `SELECT GET_LOCK('${LOCK_NAME}', 0)`,
    );
    const snapshot = await takeSnapshot(worker);
    expect(snapshot).toMatchObject({ othersActing: false, lockTakenBy: squatter.id });
    const { shows } = stage();
    expect(reasonNotToAct(snapshot)).toMatchObject({ kind: 'lock-taken' });
    expect(reasonNotToAct(snapshot)?.why).toContain(`session ${squatter.id} of user other_app`);
    if (shows.application) expect(reasonNotToAct(snapshot)?.why).toContain('application squatter');
    const request = { schema: SCHEMA, kind: 'end', deadline: Date.now() + 10_000, graceMs: 0, victims: [order] };
    const answer = await worker.answer(request);
    expect(answer).toMatchObject({ ok: false, refusal: { kind: 'busy-elsewhere' } });
    expect(!answer.ok && answer.refusal.message).toContain(`session ${squatter.id} of user other_app`);
    expect(client.isOpen).toBe(true);

    await squatter.close();
    await expect.poll(async () => (await takeSnapshot(worker)).lockTakenBy).toBeNull();
    expect(results(await endSessions(worker, [order]))).toEqual(['ended']);
  });
}
