import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consumerOf } from '../../../functions/core/server/consumer.ts';
import { sizeOf } from '../../../functions/core/server/consumer-count.ts';
import { UNKNOWN_BLOCKER } from '../../../functions/core/server/session.ts';
import type { Sample } from '../../../functions/core/server/snapshot.ts';
import { diagnoseSnapshot } from '../../../functions/core/verdict/diagnosis.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aPolicy, NEW_TO_ALL } from '../../support/a-session.ts';
import { endSessions, openWorker, sessionOf, takeSample, takeSnapshot, victimOf, type Stage } from './stage.ts';

/** Seeing what is there. */
export function describeLooking(stage: () => Stage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  test("limits, reserves and used slots are the server's own", async () => {
    const { maxConnections, reserved } = stage();
    for (let n = 0; n < 5; n++) await stage().open();
    const { limits, used, server, byState, canary } = await takeSample(worker);
    expect(limits.maxConnections).toBe(maxConnections);
    expect(limits.usable).toBe(maxConnections - reserved);
    expect(limits.reserves.reduce((sum, { slots }) => sum + slots, 0)).toBe(reserved);
    expect(server).toMatchObject({ engine: stage().engine, major: stage().major, tested: true, readOnly: false });
    expect(used).toBeGreaterThanOrEqual(6);
    expect(used).toBeLessThanOrEqual(8);
    expect(Object.values(byState).reduce((sum, count) => sum + count, 0)).toBe(used);
    expect(canary).toMatchObject({ result: 'admitted' });
  });

  test('every state is told apart, each with its ages', async () => {
    const idle = await stage().open({ application: 'pool-1' });
    const busy = await stage().open();
    const waiting = await stage().open();
    const failed = await stage().open();
    await busy.startQuery(20);
    await waiting.begin();
    await failed.fail();
    const { shows } = stage();
    await sleep(120 + shows.precisionMs);
    const snapshot = await takeSnapshot(worker);

    const seenIdle = sessionOf(snapshot, idle);
    expect(seenIdle).toMatchObject({ kind: 'client', own: false, superuser: false, state: 'idle', user: 'app' });
    expect(seenIdle).toMatchObject({
      application: shows.application ? 'pool-1' : '',
      doubts: shows.application ? [] : ['application'],
      client: '127.0.0.1',
      transactionMs: null,
      transactionMark: null,
    });
    if (shows.connectionAge) expect(seenIdle.connectedMs).toBeGreaterThanOrEqual(seenIdle.stateMs ?? Infinity);
    else expect(seenIdle.connectedMs).toBeNull();
    expect(seenIdle.stateMs).toBeGreaterThanOrEqual(100);
    expect(seenIdle.stateMs).toBeLessThan(10_000);

    const seenBusy = sessionOf(snapshot, busy);
    expect(seenBusy).toMatchObject({ state: 'active', blockedBy: [], lockWaitMs: null, statement: { verb: 'SELECT' } });
    expect(seenBusy.queryMs).toBeGreaterThanOrEqual(100);
    expect(seenBusy.queryMark).not.toBeNull();

    const seenWaiting = sessionOf(snapshot, waiting);
    expect(seenWaiting).toMatchObject({ state: 'idle-in-transaction', hasWritten: false });
    expect(seenWaiting.transactionMs).toBeGreaterThanOrEqual(100);
    expect(seenWaiting.transactionMark).not.toBeNull();
    if (shows.idleInTransactionAge) expect(seenWaiting.stateMs).toBeGreaterThanOrEqual(100);
    else expect(seenWaiting.stateMs).toBe(0);
    expect(sessionOf(snapshot, failed).state).toBe(
      shows.failedTransactions ? 'idle-in-transaction-aborted' : 'idle-in-transaction',
    );
  });

  test('a transaction that has failed is planned to end, and is ended', async () => {
    for (let n = 0; n < 6; n++) await (await stage().open()).fail();
    const snapshot = await takeSnapshot(worker);
    const full = { ...snapshot, limits: { ...snapshot.limits, usable: snapshot.used } };
    const { ages } = aPolicy();
    const young = { idleInTransactionSeconds: 0, abortedTransactionSeconds: 0, suspectIdleInTransactionSeconds: 0 };
    const policy = aPolicy({ ages: { ...ages, ...young }, minimumPerPool: 0 });
    const { tiers } = diagnoseSnapshot(full, { policy, mode: 'act' }, NEW_TO_ALL).plan;
    const victims = tiers
      .flatMap((tier) => tier.victims)
      .map(({ session, method, expect: expected }) => ({ identity: session.identity, method, expect: expected }));
    const results = (await endSessions(worker, victims)).map(({ result }) => result);
    expect(new Set(results)).toEqual(new Set(['ended']));
  });

  test('ages are of the present state, not of the connection', async () => {
    const client = await stage().open();
    await sleep(300 + stage().shows.precisionMs);
    const workedAt = Date.now();
    await client.query('SELECT 1');
    const { connectedMs, stateMs } = sessionOf(await takeSnapshot(worker), client);
    if (stage().shows.connectionAge) expect(connectedMs).toBeGreaterThanOrEqual(300);
    expect(stateMs).toBeLessThanOrEqual(Date.now() - workedAt);
  });

  test('its own sessions and those of administrators are marked', async () => {
    const administrator = await stage().open({ as: 'administrator' });
    expect(sessionOf(await takeSnapshot(worker), administrator)).toMatchObject({ own: false, superuser: true });
    // The server may still see off those of the test before.
    await expect.poll(async () => (await takeSnapshot(worker)).sessions.filter(({ own }) => own)).toHaveLength(1);
  });

  test('a chain of locks leads from each waiter to the session directly ahead', async () => {
    const root = await stage().open();
    const middle = await stage().open();
    const last = await stage().open();
    await root.begin();
    await root.lockRow(1);
    await middle.begin();
    await middle.lockRow(2);
    await middle.startWaitingForRow(1);
    await last.begin();
    await last.startWaitingForRow(2);
    const { shows } = stage();
    await sleep(50 + shows.lockWaitPrecisionMs);
    const snapshot = await takeSnapshot(worker);
    expect(snapshot.visibility.seesBlockers).toBe(shows.blockers);
    expect(sessionOf(snapshot, root)).toMatchObject({ state: 'idle-in-transaction', blockedBy: [], hasWritten: true });
    const behind = ({ id }: { readonly id: number }) => [shows.blockers ? id : UNKNOWN_BLOCKER];
    const rowsModified = shows.rowsModified ? 1 : null;
    expect(sessionOf(snapshot, middle)).toMatchObject({ blockedBy: behind(root), hasWritten: true, rowsModified });
    expect(sessionOf(snapshot, last)).toMatchObject({ blockedBy: behind(middle) });
    expect(sessionOf(snapshot, last).lockWaitMs).toBeGreaterThanOrEqual(50);
  });

  test('what an idle session holds is seen', async () => {
    const holder = await stage().open();
    await holder.holdAdvisoryLock();
    const other = await stage().open();
    const snapshot = await takeSnapshot(worker);
    const holds = stage().shows.holdings ? ['advisory-lock'] : [];
    expect(sessionOf(snapshot, holder)).toMatchObject({ state: 'idle', holds });
    expect(sessionOf(snapshot, other).holds).toEqual([]);
  });

  test('no literal leaves, unless a person configured it', async () => {
    const idle = await stage().open();
    await idle.query(`SELECT 'hunter2', 4711 AS secret_number`);
    const busy = await stage().open();
    await busy.startQuery(4711);
    for (const [statements, idleText, busyText] of [
      ['redacted', 'SELECT ?, ? AS secret_number', /^SELECT \w+\(\?\)$/],
      ['verb', null, null],
      ['verbatim', `SELECT 'hunter2', 4711 AS secret_number`, /4711/],
    ] as const) {
      const other = await openWorker(stage(), { statements });
      const snapshot = await takeSnapshot(other);
      expect(sessionOf(snapshot, idle).statement).toEqual(
        stage().shows.lastStatement ? { verb: 'SELECT', text: idleText, isOptedOut: false } : null,
      );
      const { statement } = sessionOf(snapshot, busy);
      expect(statement?.verb).toBe('SELECT');
      if (busyText === null) expect(statement?.text).toBeNull();
      else expect(statement?.text).toMatch(busyText);
      other.close();
    }
  });

  /** Statements that servers read otherwise than it looks, and such that fail, which are shown all the same. */
  const corners = {
    postgres: [
      `SELECT \u00a0E'\\', ' hunter2 '`,
      `CREATE ROLE bob PASSWORD hunter2`,
      `ALTR ROLE bob ENCRYPTED PASSWORD "hunter2"`,
      `UPDATE ledger SET password = "hunter2"`,
      `SELECT $a$ $b$ 'hunter2 $b$ $$ $a$, $$ hunter2`,
    ],
    mysql: [
      `SELECT /*!50000 '*/ hunter2', */ SLEEP(20)`,
      `SELECT /*+ SET_VAR(sql_mode = '*/ hunter2') */ SLEEP(20)`,
      `SELECT SLEEP(20), 1--\u0001'\n, ' hunter2 '`,
      `SELECT SLEEP(20), 1--\u00a0'\n, hunter2 '`,
      `SELECT SLEEP(20) AS $a$, ' $a$ hunter2 '`,
      `ALTER USER bob IDENTIFIED BY hunter2`,
      'SET PASSWORD FOR bob hunter2',
    ],
  };
  test('no literal leaves from where it is hard to tell what is literal', async () => {
    let seen = 0;
    for (const sql of corners[stage().engine === 'postgres' ? 'postgres' : 'mysql']) {
      const client = await stage().open();
      let isOver = false;
      const over = () => (isOver = true);
      void client.query(sql).then(over, over);
      await expect
        .poll(async () => isOver || sessionOf(await takeSnapshot(worker), client).state === 'active')
        .toBe(true);
      const text = sessionOf(await takeSnapshot(worker), client).statement?.text ?? null;
      expect(text ?? '').not.toContain('hunter2');
      if (text !== null) seen++;
    }
    expect(seen).toBeGreaterThan(1);
  });

  test('a responder without its grants says which, sees nothing it could act on, and ends nobody', async () => {
    const client = await stage().open();
    const seen = sessionOf(await takeSnapshot(worker), client);
    const blind = await openWorker(stage(), {}, stage().blindUrl);
    const snapshot = await takeSnapshot(blind);
    const [ending] = await endSessions(blind, [victimOf(seen)]);
    blind.close();
    expect(snapshot.visibility).toMatchObject({ seesSessions: false, maySignal: false });
    if (stage().shows.othersToTheBlind) expect(sessionOf(snapshot, client).state).toBe('unseen');
    else expect(snapshot.sessions.filter(({ own }) => !own)).toEqual([]);
    expect(snapshot.byState['unseen']).toBeGreaterThanOrEqual(1);
    expect(snapshot.used).toBeGreaterThanOrEqual(2);
    expect(['changed', 'gone', 'refused']).toContain(ending?.result);
    await client.query('SELECT 1');

    for (const grant of snapshot.visibility.missing) await stage().administer(grant);
    const cured = await openWorker(stage(), {}, stage().blindUrl);
    const { visibility, sessions } = await takeSnapshot(cured);
    cured.close();
    expect(visibility).toMatchObject({ seesSessions: true, maySignal: true, missing: [] });
    expect(sessionOf({ sessions }, client).state).toBe('idle');
  });

  test('a sample tells what the sessions are at', async () => {
    const busy = await stage().open();
    const root = await stage().open();
    const waiter = await stage().open();
    await root.begin();
    await root.lockRow(6);
    await busy.startQuery(20);
    await waiter.startWaitingForRow(6);
    await sleep(120 + stage().shows.precisionMs);
    const before = await takeSample(worker);
    expect(before.activity.longestQueryMs).toBeGreaterThanOrEqual(100);
    expect(before.activity.longestQueryMs).toBeLessThan(10_000);
    expect(before.activity.longestTransactionMs).toBeGreaterThanOrEqual(100);
    expect(before.activity.longestTransactionMs).toBeLessThan(10_000);
    expect(before).toMatchObject({ activity: { longQueries: 0, blocked: 1 }, responderSessions: 1 });
    expect(before.byState).toMatchObject({ 'idle-in-transaction': 1 });
  });

  test('a sample tells who holds the slots, by what their sessions do and how many have just come', async () => {
    // MySQL and MariaDB know who came by the lists before.
    await takeSample(worker);
    const pool = [];
    for (const number of [1, 2, 3, 4]) pool.push(await stage().open({ application: `pool-${number}` }));
    const [first, second, third] = pool;
    const other = await stage().open({ as: 'other-app', application: 'jobs' });
    await first?.begin();
    await second?.fail();
    await third?.startQuery(20);
    await sleep(120 + stage().shows.precisionMs);
    const snapshot = await takeSnapshot(worker);
    const [pooled, alone] = [sessionOf(snapshot, first ?? other), sessionOf(snapshot, other)].map(consumerOf);
    const wanted = [
      { name: pooled, user: 'app', idle: 1, open: 2, busy: 1, arrived: 4 },
      { name: alone, idle: 1, open: 0, busy: 0, arrived: 1 },
    ];
    const found = ({ consumers }: Sample) => consumers.largest.filter(({ name }) => name === pooled || name === alone);
    // The server may still see off those of the test before.
    await expect.poll(async () => found(await takeSample(worker)), { timeout: 5_000 }).toMatchObject(wanted);
    const later = await takeSnapshot(worker);
    expect(found(later)).toMatchObject(wanted);
    const clients = later.sessions.filter(({ kind, own }) => kind === 'client' && !own);
    expect(later.consumers.largest.reduce((sum, count) => sum + sizeOf(count), 0)).toBe(clients.length);
    expect(later.consumers.rest).toEqual({ consumers: 0, sessions: 0 });
  });

  test('names and statements of any kind come through', async () => {
    const application = `we"ird'; DROP -- \\ \t ünï`;
    const client = await stage().open({ application });
    await client.query(`SELECT '${'x'.repeat(1_000_000)}', 'hunter2' -- ${'y'.repeat(10_000)}`);
    const session = sessionOf(await takeSnapshot(worker), client);
    const { shows } = stage();
    expect(session.application.slice(0, 17)).toBe(shows.application ? `we"ird'; DROP -- ` : '');
    if (shows.lastStatement) expect(session.statement?.text?.length).toBeLessThanOrEqual(200);
    expect(JSON.stringify(session)).not.toMatch(/xxxx|hunter2|yyyy/);
  });
}
