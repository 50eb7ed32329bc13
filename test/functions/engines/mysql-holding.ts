import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { planOnFull, reasonOf } from './contract-holding.ts';
import { SHOW_TABLE_LOCKS, until, type MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, sessionOf, takeSnapshot, victimOf, type StageClient } from './stage.ts';

/** What only sessions of MySQL and MariaDB hold. */
export function describeMysqlHolding(stage: () => MysqlStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  const isTimed = () => stage().engine === 'mysql' && stage().hasPerformanceSchema;
  const see = async ({ id }: Pick<StageClient, 'id'>) => sessionOf(await takeSnapshot(worker), { id });
  const results = (endings: readonly { readonly result: string }[]) => endings.map(({ result }) => result);

  test('who reads while it holds a table by LOCK TABLES is ended for those that wait, as it holds no transaction', async () => {
    const { hasPerformanceSchema } = stage();
    if (hasPerformanceSchema) await stage().administer(SHOW_TABLE_LOCKS);
    for (let others = 0; others < 8; others++) await stage().open();
    const holder = await stage().open();
    const reader = await stage().open();
    await holder.query('LOCK TABLES main.ledger WRITE');
    await holder.startQuery(60);
    await reader.startWaiting('SELECT * FROM main.ledger', /^Waiting for table metadata lock$/);
    await sleep(stage().shows.precisionMs);
    const { plan } = planOnFull(await takeSnapshot(worker));
    const [victim] = plan.tiers.find(({ tier }) => tier === 'break-locks')?.victims ?? [];
    if (!hasPerformanceSchema) return expect(victim).toBeUndefined();
    expect(victim?.session.identity.id).toBe(holder.id);
    if (victim === undefined) return;
    const { session, method, expect: order } = victim;
    expect(results(await endSessions(worker, [victimOf(session, order, method)]))).toEqual(['ended']);
    await reader.query('SELECT 1');
  });

  test('a commit that waits for its standby is spared and left alone', async () => {
    const name = stage().engine === 'mysql' ? 'rpl_semi_sync_source' : 'rpl_semi_sync_master';
    if (stage().engine === 'mysql') await stage().administer(`INSTALL PLUGIN ${name} SONAME 'semisync_source.so'`);
    await stage().administer(`SET GLOBAL ${name}_timeout = 600000`);
    await stage().administer(`SET GLOBAL ${name}_enabled = ON`);
    const client = await stage().open();
    await client.startWaiting('UPDATE main.ledger SET amount = amount + 1 WHERE id = 1', /^Waiting for semi-sync ACK/);
    const snapshot = await takeSnapshot(worker);
    const order = victimOf(sessionOf(snapshot, client), { holdsNothing: true }, 'cancel');
    const endings = await endSessions(worker, [order], { graceMs: 0 });
    const after = await see(client);
    await stage().administer(`SET GLOBAL ${name}_enabled = OFF`);
    expect(sessionOf(snapshot, client).holds).toEqual(['commit']);
    expect(reasonOf(planOnFull(snapshot), client)).toBe('holds-commit');
    expect(results(endings)).toEqual(['changed']);
    expect(after.wait?.event).toMatch(/^Waiting for semi-sync ACK/);
    await client.query('SELECT 1');
  });

  test('an idle session whose last statement made a temporary table is spared, where the server shows it', async () => {
    const client = await stage().open();
    const order = victimOf(await see(client), { holdsNothing: true });
    await client.query('/* once */ create  TEMPORARY table basket (id INT)');
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, client).holds).toEqual(isTimed() ? ['temporary-table'] : []);
    if (isTimed()) expect(reasonOf(planOnFull(snapshot), client)).toBe('holds-temporary-table');
    expect(results(await endSessions(worker, [order]))).toEqual([isTimed() ? 'changed' : 'ended']);
  });

  test('a copy of one snapshot is spared while it reads, where its login may replicate', async () => {
    await stage().administer("CREATE USER copier IDENTIFIED BY 'copier'");
    await stage().administer('GRANT SELECT, REPLICATION SLAVE ON *.* TO copier');
    const copier = await stage().connect({ user: 'copier', password: 'copier' });
    const idle = (await takeSnapshot(worker)).sessions.find(({ user }) => user === 'copier');
    await copier.query('START TRANSACTION');
    await copier.query('SELECT * FROM main.ledger');
    await sleep(stage().shows.precisionMs);
    const between = await takeSnapshot(worker);
    void copier.query('SELECT *, SLEEP(20) FROM main.ledger').catch(() => undefined);
    await until(async () => (await see({ id: copier.threadId ?? 0 })).state === 'active');
    const reading = await takeSnapshot(worker);
    const id = copier.threadId ?? 0;
    const endings = await endSessions(worker, [victimOf(sessionOf(reading, { id }), { holdsNothing: true }, 'cancel')]);
    await stage().administer('DROP USER copier');
    expect(idle?.holds).toEqual([]);
    for (const snapshot of [between, reading]) {
      expect(sessionOf(snapshot, { id }).holds).toEqual(['snapshot']);
      expect(reasonOf(planOnFull(snapshot), { id })).toBe('holds-snapshot');
    }
    expect(results(endings)).toEqual(['changed']);
  });

  test('a session whose transaction is prepared is spared where the server shows it, and left alone', async () => {
    const client = await stage().open();
    await client.query("XA START 'held', 'b', 7");
    await client.lockRow(2);
    await client.query("XA END 'held', 'b', 7; XA PREPARE 'held', 'b', 7");
    // Where its transaction belongs to no session any more, only performance_schema tells whose it was.
    const isSeen = isTimed() || stage().engine === 'mariadb';
    const snapshot = await takeSnapshot(worker);
    const session = sessionOf(snapshot, client);
    const endings = isSeen ? await endSessions(worker, [victimOf(session, { holdsNothing: true })]) : [];
    const shown = snapshot.preparedTransactions;
    await client.query("XA ROLLBACK 'held', 'b', 7");
    const after = await see(client);
    expect({ state: session.state, holds: session.holds }).toEqual(
      isSeen ? { state: 'idle-in-transaction', holds: ['prepared-transaction'] } : { state: 'idle', holds: [] },
    );
    if (isSeen) expect(reasonOf(planOnFull(snapshot), client)).toBe('holds-prepared-transaction');
    expect(results(endings)).toEqual(isSeen ? ['changed'] : []);
    const owner = isTimed() ? { owner: 'app', database: 'main' } : { owner: '', database: '' };
    expect(shown).toEqual([{ gid: isSeen ? "'held','b',7" : null, ...owner, ageMs: expect.any(Number) as number }]);
    expect({ state: after.state, holds: after.holds }).toEqual({ state: 'idle', holds: [] });
  });

  test('a session that keeps its prepared transaction, as a setting of MySQL lets it, is spared too', async () => {
    if (stage().engine !== 'mysql') return;
    await stage().administer('SET GLOBAL xa_detach_on_prepare = OFF');
    const client = await stage().open();
    const idle = await stage().open();
    await client.query("XA START 'kept'; UPDATE main.ledger SET amount = 7 WHERE id = 3; XA END 'kept'");
    await client.query("XA PREPARE 'kept'");
    await idle.begin();
    const snapshot = await takeSnapshot(worker);
    const endings = await endSessions(worker, [victimOf(sessionOf(snapshot, client), { holdsNothing: true })]);
    await client.query("XA ROLLBACK 'kept'");
    await stage().administer('SET GLOBAL xa_detach_on_prepare = ON');
    expect(sessionOf(snapshot, client).holds).toEqual(['prepared-transaction']);
    expect(sessionOf(snapshot, idle).holds).toEqual([]);
    expect(results(endings)).toEqual(['changed']);
  });

  test('a session whose prepared transaction another one has committed holds nothing any more', async () => {
    if (stage().engine !== 'mysql') return;
    const client = await stage().open();
    await client.query("XA START 'other'; UPDATE main.ledger SET amount = 7 WHERE id = 3; XA END 'other'");
    await client.query("XA PREPARE 'other'");
    await stage().administer("XA COMMIT 'other'");
    const { state, holds } = await see(client);
    expect({ state, holds }).toEqual({ state: 'idle', holds: [] });
  });
}
