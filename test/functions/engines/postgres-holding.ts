import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { planOnFull, reasonOf } from './contract-holding.ts';
import { until, type PostgresStage } from './postgres-stage.ts';
import { endSessions, openWorker, sessionOf, takeSnapshot, victimOf, type StageClient } from './stage.ts';

/** What only PostgreSQL's sessions hold. */
export function describePostgresHolding(stage: () => PostgresStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
  });
  afterEach(() => worker.close());

  const see = async ({ id }: Pick<StageClient, 'id'>) => sessionOf(await takeSnapshot(worker), { id });
  const results = (endings: readonly { readonly result: string }[]) => endings.map(({ result }) => result);

  test('a commit that waits for its standby is spared and left alone', async () => {
    const client = await stage().open();
    await client.query('SET synchronous_commit = on');
    await stage().administer("ALTER SYSTEM SET synchronous_commit = 'local'");
    await stage().administer("ALTER SYSTEM SET synchronous_standby_names = 'far_away'");
    await stage().administer('SELECT pg_reload_conf()');
    // The server takes a moment to begin with it.
    let isSeen = false;
    const commits = (async () => {
      while (!isSeen) await client.query('UPDATE ledger SET amount = 1 WHERE id = 1');
    })().catch(String);
    await until(async () => (await see(client)).wait?.event === 'SyncRep');
    isSeen = true;
    const snapshot = await takeSnapshot(worker);
    const order = victimOf(sessionOf(snapshot, client), { holdsNothing: true }, 'cancel');
    const endings = await endSessions(worker, [order], { graceMs: 0 });
    await stage().administer('ALTER SYSTEM RESET ALL');
    await stage().administer('SELECT pg_reload_conf()');
    expect(await commits).toBeUndefined();
    expect(sessionOf(snapshot, client).holds).toEqual(['commit']);
    expect(reasonOf(planOnFull(snapshot), client)).toBe('holds-commit');
    expect(results(endings)).toEqual(['changed']);
    expect(client.isOpen).toBe(true);
  });

  test('a session that a backup has begun in, or that waits for its archive, is spared and left alone', async () => {
    await stage().administer('GRANT EXECUTE ON FUNCTION pg_backup_start(text, bool) TO app');
    await stage().administer('GRANT EXECUTE ON FUNCTION pg_backup_stop(bool) TO app');
    const client = await stage().open();
    const order = victimOf(await see(client), { holdsNothing: true });
    await client.query("SELECT pg_backup_start('nightly', true)");
    const begun = await takeSnapshot(worker);
    const afterBegin = await endSessions(worker, [order]);
    const stopping = client.query('SELECT pg_backup_stop()').catch(() => undefined);
    await until(async () => (await see(client)).wait?.event === 'BackupWaitWalArchive');
    const waiting = await takeSnapshot(worker);
    const laterOrder = victimOf(sessionOf(waiting, client), { holdsNothing: true }, 'cancel');
    const whileWaiting = await endSessions(worker, [laterOrder], { graceMs: 0 });
    for (const snapshot of [begun, waiting]) {
      expect(sessionOf(snapshot, client).holds).toEqual(['backup']);
      expect(reasonOf(planOnFull(snapshot), client)).toBe('holds-backup');
    }
    expect(results([...afterBegin, ...whileWaiting])).toEqual(['changed', 'changed']);
    await client.close();
    await stopping;
  });

  test.each([
    ['temporary-table', 'CREATE TEMP TABLE basket (id int)'],
    ['temporary-table', '/* once */ create LOCAL temporary TABLE basket AS SELECT 1'],
    ['temporary-table', 'SELECT 1 AS id INTO TEMP basket'],
    ['cursor', 'DECLARE rows NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM ledger'],
    ['cursor', 'DECLARE rows CURSOR WITH HOLD FOR SELECT * FROM ledger; FETCH 2 FROM rows'],
    ['cursor', 'DECLARE rows CURSOR WITH HOLD FOR SELECT * FROM ledger; MOVE 2 FROM rows'],
  ])('an idle session whose last statement leaves a %s behind is spared and left alone: %s', async (holding, sql) => {
    const client = await stage().open();
    const order = victimOf(await see(client), { holdsNothing: true });
    for (const statement of sql.split('; ')) await client.query(statement);
    const snapshot = await takeSnapshot(worker);
    expect(sessionOf(snapshot, client).holds).toEqual([holding]);
    expect(reasonOf(planOnFull(snapshot), client)).toBe(`holds-${holding}`);
    expect(results(await endSessions(worker, [order]))).toEqual(['changed']);
  });

  test.each([
    'CREATE TABLE temp_or_not (id int)',
    'BEGIN; DECLARE rows CURSOR FOR SELECT * FROM ledger; COMMIT',
    "SELECT 'FETCH me, or LISTEN'",
    'SELECT 1 AS into_temp',
  ])('an idle session whose last statement leaves nothing behind holds nothing: %s', async (sql) => {
    await stage().administer('GRANT CREATE ON SCHEMA public TO app');
    const client = await stage().open();
    for (const statement of sql.split('; ')) await client.query(statement);
    expect((await see(client)).holds).toEqual([]);
    await stage().administer('DROP TABLE IF EXISTS temp_or_not');
  });

  test.each([
    ['its login may replicate', ['ALTER ROLE copier REPLICATION']],
    ['its login may, as RDS lets it', ['CREATE ROLE rds_replication', 'GRANT rds_replication TO copier']],
  ])(
    'a copy of one snapshot is spared while it reads, where %s, and so is who shares its snapshot',
    async (_, ways) => {
      await stage().administer("CREATE ROLE copier LOGIN PASSWORD 'x'");
      for (const way of ways) await stage().administer(way);
      await stage().administer('GRANT SELECT ON ledger TO copier');
      const copier = new pg.Client(stage().server.urlFor({ user: 'copier', password: 'x' }));
      copier.on('error', () => undefined);
      await copier.connect();
      const idle = (await takeSnapshot(worker)).sessions.find(({ user }) => user === 'copier');
      await copier.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const { rows } = await copier.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
      await copier.query('SELECT * FROM ledger');
      const helper = await stage().open();
      await helper.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await helper.query(`SET TRANSACTION SNAPSHOT '${rows[0]?.id ?? ''}'`);
      const snapshot = await takeSnapshot(worker);
      const reading = snapshot.sessions.filter(({ user, identity }) => user === 'copier' || identity.id === helper.id);
      const endings = await endSessions(
        worker,
        reading.map((session) => victimOf(session, { holdsNothing: true })),
      );
      await copier.end();
      await stage().administer('DROP OWNED BY copier');
      await stage().administer('DROP ROLE copier');
      await stage().administer('DROP ROLE IF EXISTS rds_replication');
      expect(idle?.holds).toEqual([]);
      expect(reading.map(({ holds }) => holds)).toEqual([['snapshot'], ['snapshot']]);
      for (const { identity } of reading) expect(reasonOf(planOnFull(snapshot), identity)).toBe('holds-snapshot');
      expect(results(endings)).toEqual(['changed', 'changed']);
    },
  );
}
