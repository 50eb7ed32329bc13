import { afterEach, beforeEach, expect, test } from 'vitest';
import { policy } from '../../../functions/core/policy/policy.ts';
import { protectionOf } from '../../../functions/core/policy/protection.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { SHOW_TABLE_LOCKS, until, type MysqlStage } from './mysql-stage.ts';
import { endSessions, openWorker, takeSnapshot, victimOf } from './stage.ts';

/** Backups and migrations, known by what they do: most of them give no name. */
export function describeMysqlTools(stage: () => MysqlStage): void {
  let worker: Worker;
  beforeEach(async () => {
    worker = await openWorker(stage());
    await stage().administer("CREATE USER IF NOT EXISTS keeper IDENTIFIED BY 'keeper'");
    await stage().administer('GRANT ALL ON main.* TO keeper');
  });
  afterEach(async () => {
    worker.close();
    await stage().clear();
    await stage().administer('DROP USER keeper');
  });

  const letBackUp = () => stage().administer(`GRANT RELOAD${isMysql() ? ', BACKUP_ADMIN' : ''} ON *.* TO keeper`);
  const isMysql = () => stage().engine === 'mysql';
  const connectAs = (user: 'keeper' | 'app', program_name = '') =>
    stage().connect({ user, password: user, database: 'main', connectAttributes: { program_name } });
  const reasons = async () =>
    (await takeSnapshot(worker)).sessions
      .filter(({ user }) => user === 'keeper' || user === 'app')
      .map((session) => [session.user, session.state, protectionOf(session, policy.parse({}))]);
  /** Each state of each user, with why it is spared. */
  const spared = async () =>
    Object.fromEntries((await reasons()).map(([user, state, why]) => [`${user}, ${state}`, why]));

  const COPY = [
    [
      'gh-ost',
      'insert /* gh-ost `main`.`ledger` */ ignore into `main`.`_ledger_gho` (`id`, `amount`) (select id, SLEEP(20) from `main`.`ledger` where id = 1)',
    ],
    [
      'pt-online-schema-change',
      'INSERT LOW_PRIORITY IGNORE INTO `main`.`_ledger_gho` (`id`, `amount`) SELECT `id`, SLEEP(20) FROM `main`.`ledger` WHERE id = 1 LOCK IN SHARE MODE /*pt-online-schema-change 4242 copy nibble*/',
    ],
  ] as const;
  test.each(COPY)(
    'a migration is known by its statements, and with it the other sessions of its user: %s',
    async (_, sql) => {
      await stage().administer('CREATE TABLE main._ledger_gho LIKE main.ledger');
      const [copying] = [await connectAs('keeper'), await connectAs('keeper'), await connectAs('app')];
      const copied = copying.query(sql).catch(() => undefined);
      await until(async () => (await spared())['keeper, active'] !== undefined);
      expect(await spared()).toEqual({
        'keeper, active': 'migration-tool',
        'keeper, idle': 'migration-tool',
        'app, idle': null,
      });
      const victims = (await takeSnapshot(worker)).sessions
        .filter(({ user, state }) => user === 'keeper' && state === 'active')
        .map((session) => victimOf(session, {}, 'cancel'));
      expect((await endSessions(worker, victims)).map(({ result }) => result)).toEqual(['refused']);
      await stage().administer(`KILL QUERY ${copying.threadId}`);
      await copied;
      // It goes on to be one between two statements.
      expect(await spared()).toEqual({ 'keeper, idle': 'migration-tool', 'app, idle': null });
      await stage().administer('DROP TABLE main._ledger_gho');
    },
  );

  const LOCKS = ['FLUSH TABLES WITH READ LOCK', 'the lock of a backup'];
  test.each(LOCKS)('a backup is known by the lock it holds, where the server shows locks: %s', async (name) => {
    if (!stage().hasPerformanceSchema) return;
    await letBackUp();
    await stage().administer(SHOW_TABLE_LOCKS);
    const [holding] = [await connectAs('keeper'), await connectAs('keeper'), await connectAs('app')];
    await holding.query(name === LOCKS[0] ? name : isMysql() ? 'LOCK INSTANCE FOR BACKUP' : 'BACKUP STAGE START');
    await holding.query('SELECT 1');
    expect(await spared()).toEqual({ 'keeper, idle': 'backup-tool', 'app, idle': null });
    expect((await reasons()).filter(([user]) => user === 'keeper').map(([, , why]) => why)).toEqual([
      'backup-tool',
      'backup-tool',
    ]);
  });

  test('where locks do not show, who may take that of a backup may have done so; what it runs is seen', async () => {
    const [busy] = [await connectAs('keeper'), await connectAs('keeper'), await connectAs('app')];
    const sleep = busy.query('SELECT SLEEP(20)').catch(() => undefined);
    await until(async () => (await spared())['keeper, active'] !== undefined);
    expect(await spared()).toEqual({ 'keeper, active': null, 'keeper, idle': null, 'app, idle': null });
    await letBackUp();
    const shows = isMysql() && stage().hasPerformanceSchema;
    const idle = shows ? null : 'backup-tool';
    expect(await spared()).toEqual({ 'keeper, active': null, 'keeper, idle': idle, 'app, idle': null });
    await stage().administer(`KILL ${busy.threadId}`);
    await sleep;
  });

  test('a backup that waits for its lock is known by what it asks for', async () => {
    await letBackUp();
    const holding = await stage().open({ as: 'administrator' });
    await holding.query('LOCK TABLES main.ledger WRITE');
    const waiting = await connectAs('keeper');
    void waiting.query('/* nightly */ flush  tables with READ lock').catch(() => undefined);
    await until(async () => (await spared())['keeper, active'] === 'backup-tool');
    await holding.query('UNLOCK TABLES');
  });

  test('a tool that gives its full path is known, and one without a name by the name of its user', async () => {
    if (stage().shows.application) {
      await connectAs('app', '/usr/bin/pt-online-schema-change');
      expect(await spared()).toEqual({ 'app, idle': 'migration-tool' });
      return;
    }
    await connectAs('app', 'mariadb-backup');
    expect(await spared()).toEqual({ 'app, idle': null });
    await stage().administer("CREATE USER mariabackup IDENTIFIED BY 'x'");
    await stage().connect({ user: 'mariabackup', password: 'x' });
    const own = (await takeSnapshot(worker)).sessions.find(({ user }) => user === 'mariabackup');
    expect(own === undefined ? null : protectionOf(own, policy.parse({}))).toBe('backup-tool');
    await stage().administer('DROP USER mariabackup');
  });
}
