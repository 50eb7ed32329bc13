import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
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
    await sleep(120);
    const snapshot = await takeSnapshot(worker);

    const seenIdle = sessionOf(snapshot, idle);
    expect(seenIdle).toMatchObject({ kind: 'client', own: false, superuser: false, state: 'idle', user: 'app' });
    expect(seenIdle).toMatchObject({
      application: 'pool-1',
      client: '127.0.0.1',
      transactionMs: null,
      transactionMark: null,
    });
    expect(seenIdle.connectedMs).toBeGreaterThanOrEqual(seenIdle.stateMs ?? Infinity);
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
    expect(sessionOf(snapshot, failed).state).toBe('idle-in-transaction-aborted');
  });

  test('ages are of the present state, not of the connection', async () => {
    const client = await stage().open();
    await sleep(300);
    await client.query('SELECT 1');
    const { connectedMs, stateMs } = sessionOf(await takeSnapshot(worker), client);
    expect(connectedMs).toBeGreaterThanOrEqual(300);
    expect(stateMs).toBeLessThan(250);
  });

  test('its own sessions and those of administrators are marked', async () => {
    const administrator = await stage().open({ as: 'administrator' });
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, administrator)).toMatchObject({ own: false, superuser: true });
    expect(snapshot.sessions.filter(({ own }) => own)).toHaveLength(1);
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
    await sleep(50);
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, root)).toMatchObject({ state: 'idle-in-transaction', blockedBy: [], hasWritten: true });
    expect(sessionOf(snapshot, middle)).toMatchObject({ blockedBy: [root.id], hasWritten: true });
    expect(sessionOf(snapshot, last)).toMatchObject({ blockedBy: [middle.id] });
    expect(sessionOf(snapshot, last).lockWaitMs).toBeGreaterThanOrEqual(50);
  });

  test('what an idle session holds is seen', async () => {
    const holder = await stage().open();
    await holder.holdAdvisoryLock();
    const other = await stage().open();
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, holder)).toMatchObject({ state: 'idle', holds: ['advisory-lock'] });
    expect(sessionOf(snapshot, other).holds).toEqual([]);
  });

  test('no literal leaves, unless a person configured it', async () => {
    const client = await stage().open();
    await client.query(`SELECT 'hunter2', 4711 AS secret_number`);
    const redacted = sessionOf(await takeSnapshot(worker), client).statement;
    expect(redacted).toMatchObject({ verb: 'SELECT', text: 'SELECT ?, ? AS secret_number' });
    for (const [statements, text] of [
      ['verb', null],
      ['verbatim', `SELECT 'hunter2', 4711 AS secret_number`],
    ] as const) {
      const other = await openWorker(stage(), { statements });
      expect(sessionOf(await takeSnapshot(other), client).statement).toMatchObject({ verb: 'SELECT', text });
      other.close();
    }
  });

  test('a responder without its grants says which, sees nothing it could act on, and ends nobody', async () => {
    const client = await stage().open();
    const seen = sessionOf(await takeSnapshot(worker), client);
    const blind = await openWorker(stage(), {}, stage().blindUrl);
    const snapshot = await takeSnapshot(blind);
    expect(snapshot.visibility).toMatchObject({ seesSessions: false, maySignal: false });
    expect(snapshot.visibility.missing).toHaveLength(2);
    expect(sessionOf(snapshot, client).state).toBe('unseen');
    expect(snapshot.used).toBeGreaterThanOrEqual(2);
    const [ending] = await endSessions(blind, [victimOf(seen)]);
    blind.close();
    expect(['changed', 'gone', 'refused']).toContain(ending?.result);
    await client.query('SELECT 1');
  });

  test('names and statements of any kind come through', async () => {
    const application = `we"ird'; DROP -- \\ \t ünï`;
    const client = await stage().open({ application });
    await client.query(`SELECT '${'x'.repeat(1_000_000)}', 'hunter2' -- ${'y'.repeat(10_000)}`);
    const session = sessionOf(await takeSnapshot(worker), client);
    expect(session.application.startsWith(`we"ird'; DROP -- `)).toBe(true);
    expect(session.statement?.text?.length).toBeLessThanOrEqual(200);
    expect(JSON.stringify(session)).not.toMatch(/xxxx|hunter2|yyyy/);
  });
}
