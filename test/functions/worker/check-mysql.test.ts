import { engineEntry } from '../../../functions/engines/registry.ts';
import mysql, { type Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MysqlFlavour } from '../../../drill/servers/files/mysql-flavours.ts';
import { createMysqlLogins } from '../../../drill/servers/mysql-logins.ts';
import { startMysql, type MysqlServer } from '../../../drill/servers/mysql.ts';
import type { Logins } from '../../../drill/servers/postgres.ts';
import { installRdsProcedures } from '../../../drill/servers/rds-procedures.ts';
import { hasFailures, judgeCheck } from '../../../functions/core/check/check.ts';
import type { CheckFinding, CheckId } from '../../../functions/core/check/finding.ts';
import { createWorker, type Worker } from '../../../functions/worker/worker.ts';
import { byUrl } from '../../support/by-url.ts';
import { askForCheck, idsOf, pick, runFix } from './check-report.ts';

interface Place {
  readonly flavour: MysqlFlavour;
  readonly isRds: boolean;
  /** Default: the flavour's own. */
  readonly performanceSchema?: boolean;
}

const MAX_CONNECTIONS = 12;

describe.each<Place>([
  { flavour: 'mysql', isRds: false },
  { flavour: 'mysql', isRds: true },
  { flavour: 'mariadb', isRds: false },
  { flavour: 'mariadb', isRds: true, performanceSchema: true },
])('$flavour, RDS $isRds', ({ flavour, isRds, performanceSchema }) => {
  let server: MysqlServer;
  let logins: Logins;
  let administrator: Connection;
  const workers: Worker[] = [];
  const clients: Connection[] = [];
  const admin = flavour === 'mysql' ? 'CONNECTION_ADMIN' : 'CONNECTION ADMIN';
  const account = '`headroom_responder`@`%`';
  /** Its performance_schema is on: by default on MySQL only. */
  const isWatching = performanceSchema ?? flavour === 'mysql';

  beforeAll(async () => {
    server = await startMysql({
      flavour,
      maxConnections: MAX_CONNECTIONS,
      ...(performanceSchema === undefined ? {} : { performanceSchema }),
    });
    if (isRds) await installRdsProcedures(server);
    logins = await createMysqlLogins(server, { isRds });
    administrator = await connect(server.adminUrl, 'mysql');
    clients.length = 0;
    await administer('CREATE DATABASE shop');
    await administer(`CREATE USER app IDENTIFIED BY 'app'`);
    await administer('GRANT ALL ON shop.* TO app');
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    workers.splice(0).forEach((worker) => worker.close());
    clients.splice(0).forEach((client) => client.destroy());
    // Slots come back a moment after their client has gone.
    await expect
      .poll(async () => (await shownSessions()).filter((user) => !/headroom|root|event/.test(user)))
      .toEqual([]);
  });

  const administer = async (sql: string) => void (await administrator.query(sql));
  const shownSessions = async () => {
    const [rows] = await administrator.query<mysql.RowDataPacket[]>('SHOW PROCESSLIST');
    return rows.map(({ User: user }) => String(user));
  };

  async function connect(url: string, application: string): Promise<Connection> {
    const client = await mysql.createConnection({ uri: url, connectAttributes: { program_name: application } });
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  }

  async function open(responderUrl = logins.responderUrl, canaryUrl = logins.canaryUrl): Promise<Worker> {
    const worker = await createWorker(
      byUrl(flavour),
      { env: { RESPONDER: responderUrl, CANARY: canaryUrl }, folder: '/' },
      engineEntry(flavour),
    );
    workers.push(worker);
    return worker;
  }

  async function look(worker?: Worker, maxConnections = MAX_CONNECTIONS): Promise<readonly CheckFinding[]> {
    const asked = worker ?? (await open());
    return judgeCheck(await askForCheck(asked), { engine: flavour, maxConnections });
  }

  test('in order, nothing has failed and every right was used', async () => {
    const findings = await look();
    expect(idsOf(findings, 'failed')).toEqual([]);
    expect(findings).toHaveLength(24);
    const tried = ['see-sessions', 'see-transactions', 'see-locks', 'end-sessions', 'cancel-queries', 'server-lock'];
    for (const id of tried as CheckId[]) expect(pick(findings, id)).toMatchObject({ status: 'ok' });
    expect(pick(findings, 'end-sessions').detail).toBe('it ended the canary’s session');
    expect(pick(findings, 'reserve').status).toBe(isRds ? 'warning' : 'ok');
    // MariaDB's performance_schema does not track table locks by default.
    expect(pick(findings, 'tracking').status).toBe(flavour === 'mysql' ? 'ok' : 'warning');
  });

  test('a check ends nobody but the canary’s own session, and takes no lock along', async () => {
    const client = await connect(server.urlFor({ user: 'app', password: 'app' }), 'web');
    await look();
    await client.query('SELECT 1');
    const [rows] = await administrator.query<mysql.RowDataPacket[]>(`SELECT IS_FREE_LOCK('headroom') AS free`);
    expect(rows[0]?.['free']).toBe(1);
  });

  test('without PROCESS it sees nobody; the fix, run as printed, mends it', async () => {
    await administer('REVOKE PROCESS ON *.* FROM headroom_responder');
    const findings = await look();
    expect(idsOf(findings, 'failed')).toEqual(
      expect.arrayContaining(['see-sessions', 'see-transactions', 'visibility']),
    );
    expect(pick(findings, 'see-sessions').fix).toBe(`GRANT PROCESS ON *.* TO ${account}`);
    expect(pick(findings, 'visibility').detail).toMatch(
      /^the responder cannot see what \d+ of \d+ sessions of other users do/,
    );
    await runFix(pick(findings, 'visibility'), administer);
    expect(idsOf(await look(), 'failed')).toEqual([]);
  });

  test('a right that was granted since is used by the same worker at its next request', async () => {
    await administer('REVOKE PROCESS ON *.* FROM headroom_responder');
    const worker = await open();
    const before = await look(worker);
    await administer(`GRANT PROCESS ON *.* TO ${account}`);
    const after = await look(worker);
    expect(idsOf(before, 'failed')).toContain('see-sessions');
    expect(idsOf(after, 'failed')).toEqual([]);
  });

  test('without the right to end sessions, trying it is refused in the server’s words', async () => {
    if (isRds) {
      for (const [procedure, id] of [
        ['rds_kill', 'end-sessions'],
        ['rds_kill_query', 'cancel-queries'],
      ] as const) {
        await administer(`REVOKE EXECUTE ON PROCEDURE mysql.${procedure} FROM headroom_responder`);
        const finding = pick(await look(), id);
        expect(finding).toMatchObject({
          status: 'failed',
          fix: `GRANT EXECUTE ON PROCEDURE mysql.${procedure} TO ${account}`,
        });
        await runFix(finding, administer);
      }
    } else {
      await administer(`REVOKE ${admin} ON *.* FROM headroom_responder`);
      const findings = await look();
      expect(idsOf(findings, 'failed')).toEqual(['end-sessions', 'cancel-queries', 'reserve']);
      expect(pick(findings, 'end-sessions').detail).toMatch(/You are not owner of thread/);
      expect(pick(findings, 'reserve').fix).toBe(`GRANT ${admin} ON *.* TO ${account}`);
      await runFix(pick(findings, 'end-sessions'), administer);
    }
    expect(idsOf(await look(), 'failed')).toEqual([]);
  });

  if (isRds)
    test('a procedure that takes the order and ends nobody is found out', async () => {
      await administer('DROP PROCEDURE mysql.rds_kill');
      await administer('CREATE PROCEDURE mysql.rds_kill(IN thread BIGINT) DO 0');
      await administer(`GRANT EXECUTE ON PROCEDURE mysql.rds_kill TO headroom_responder`);
      const finding = pick(await look(), 'end-sessions');
      await administer('DROP PROCEDURE mysql.rds_kill');
      await administer('DROP PROCEDURE mysql.rds_kill_query');
      await installRdsProcedures(server);
      for (const name of ['rds_kill', 'rds_kill_query']) {
        await administer(`GRANT EXECUTE ON PROCEDURE mysql.${name} TO headroom_responder`);
      }
      expect(finding).toMatchObject({
        status: 'failed',
        detail: 'the server took the order, and the canary’s session lives on',
      });
    });

  if (!isRds)
    test('without a look at mysql.user it cannot tell administrators, and says what to grant', async () => {
      await administer('REVOKE SELECT (User, Super_priv) ON mysql.user FROM headroom_responder');
      const finding = pick(await look(), 'see-sessions');
      expect(finding.detail).toContain('which users are administrators');
      await runFix(finding, administer);
      expect(idsOf(await look(), 'failed')).toEqual([]);
    });

  if (isWatching)
    test('a performance_schema that is on and does not watch; the fix, run as printed, mends it', async () => {
      const off = [
        `setup_consumers SET ENABLED = 'NO' WHERE NAME = 'events_statements_current'`,
        `setup_instruments SET ENABLED = 'NO' WHERE NAME LIKE 'statement/%'`,
        `setup_instruments SET ENABLED = 'NO' WHERE NAME = 'wait/lock/metadata/sql/mdl'`,
      ];
      // MariaDB is not asked for statements.
      for (const change of flavour === 'mysql' ? off : off.slice(-1)) {
        await administer(`UPDATE performance_schema.${change}`);
        const finding = pick(await look(), 'tracking');
        expect(finding.status).toBe('warning');
        await runFix(finding, administer);
        expect(pick(await look(), 'tracking')).toMatchObject({ status: 'ok', detail: 'performance_schema is on' });
      }
    });

  test('a table of performance_schema that may not be read matters where it is on', async () => {
    await administer('REVOKE SELECT ON performance_schema.metadata_locks FROM headroom_responder');
    const findings = await look();
    expect(idsOf(findings, 'failed')).toEqual(isWatching ? ['see-locks'] : []);
    if (isWatching) await runFix(pick(findings, 'see-locks'), administer);
    expect(idsOf(await look(), 'failed')).toEqual([]);
  });

  test('a canary that is not ordinary; no hash of a password shows', async () => {
    await administer('GRANT SELECT ON shop.* TO headroom_canary');
    await administer(`GRANT ${admin}, PROCESS ON *.* TO headroom_canary`);
    const findings = await look();
    await administer('REVOKE SELECT ON shop.* FROM headroom_canary');
    await administer(`REVOKE ${admin}, PROCESS ON *.* FROM headroom_canary`);
    expect(idsOf(findings, 'failed')).toEqual(['canary', 'canary-ordinary']);
    expect(pick(findings, 'canary-ordinary').detail).toMatch(/SELECT ON `shop`\.\*/);
    expect(pick(findings, 'canary-ordinary').fix).toContain('create logins that nothing else uses');
    expect(JSON.stringify(findings)).not.toMatch(/IDENTIFIED|\*[0-9A-F]{40}|REVOKE/);
    expect(idsOf(await look(), 'failed')).toEqual([]);
  });

  test('one login for both, and an administrator’s, are named, and nothing is taken from either', async () => {
    const both = await look(await open(server.adminUrl, server.adminUrl));
    expect(pick(both, 'own-logins')).toMatchObject({ status: 'failed' });
    expect(pick(both, 'own-logins').detail).toMatch(/responder and canary are one login, root.*administrator/);
    await administer(`GRANT CREATE USER ON *.* TO ${account}`);
    const mine = pick(await look(), 'own-logins');
    await administer(`REVOKE CREATE USER ON *.* FROM ${account}`);
    expect(mine).toMatchObject({ status: 'warning', fix: expect.stringContaining('create logins') as string });
    await administer(`GRANT SELECT ON shop.* TO ${account}`);
    const applications = pick(await look(), 'own-logins');
    await administer(`REVOKE SELECT ON shop.* FROM ${account}`);
    expect(applications).toMatchObject({ status: 'warning', fix: mine.fix });
    expect(applications.detail).toContain('headroom_responder, has rights on tables, as an application’s has');
    const same = await look(await open(logins.responderUrl, logins.responderUrl));
    expect(pick(same, 'own-logins').detail).toContain('responder and canary are one login, headroom_responder');
    expect(pick(same, 'own-logins').detail).not.toContain('administrator');
    const fixes = [both, mine, same].flat().filter(({ id }) => id !== 'settings' && id !== 'tracking');
    for (const { fix } of fixes) expect(fix ?? '').not.toMatch(/REVOKE|DROP|ALTER USER|GRANT /);
  });

  if (isRds)
    test('the slot that RDS gives nobody is not offered', async () => {
      expect(pick(await look(), 'reserve').fix).toBe('keep the worker warm, as its sampler does');
    });

  test('a canary at a limit of its own is not broken: the fix is about the limit', async () => {
    await administer('ALTER USER headroom_canary WITH MAX_USER_CONNECTIONS 1');
    await connect(logins.canaryUrl, 'headroom');
    const finding = pick(await look(), 'canary');
    await administer('ALTER USER headroom_canary WITH MAX_USER_CONNECTIONS 0');
    expect(finding.detail).toMatch(
      /^a connection limit of the canary’s own is reached, which says nothing about the server/,
    );
    expect(finding.fix).toContain('raise the limit of this user');
  });

  test('a configured limit that is not the real one', async () => {
    expect(pick(await look(undefined, 100), 'limit')).toMatchObject({ status: 'failed' });
  });

  test('a login that may have one session only', async () => {
    await administer('ALTER USER headroom_responder WITH MAX_USER_CONNECTIONS 1');
    const finding = pick(await look(), 'login-limits');
    expect(finding).toMatchObject({ status: 'warning', fix: `ALTER USER ${account} WITH MAX_USER_CONNECTIONS 0` });
    await runFix(finding, administer);
    expect(pick(await look(), 'login-limits').status).toBe('ok');
  });

  test('an application on an administrator’s login', async () => {
    await connect(server.adminUrl, 'billing');
    const finding = pick(await look(), 'reserve-holders');
    if (isRds) expect(finding.status).toBe('not-reached');
    else if (flavour === 'mysql') {
      expect(finding).toMatchObject({ status: 'failed' });
      expect(finding.detail).toContain('root/billing (1)');
      // Without performance_schema the server does not show whether it is one.
    } else expect(finding).toMatchObject({ status: 'warning' });
  });

  test('a server with every slot taken, in which a warm session still finds out the rest', async () => {
    const warm = await open();
    await askForCheck(warm);
    // The sessions of the check leave after it has answered; the slot of one that leaves late would let the next one in.
    await expect
      .poll(async () => (await shownSessions()).filter((user) => /headroom/.test(user)), { timeout: 20_000 })
      .toEqual(['headroom_responder']);
    const url = server.urlFor({ user: 'app', password: 'app' });
    const fill = async (as: string) => {
      for (;;) {
        try {
          await connect(as, 'web');
        } catch {
          return;
        }
      }
    };
    await fill(url);
    await fill(server.adminUrl);
    const outside = await look();
    expect(idsOf(outside, 'failed')).toEqual(['slot']);
    expect(pick(outside, 'slot').detail).toMatch(/^full: /);
    const inside = await look(warm);
    expect(pick(inside, 'slot').detail).toMatch(/by its warm session/);
    expect(pick(inside, 'canary')).toMatchObject({ status: 'failed' });
    expect(pick(inside, 'end-sessions').detail).toContain('not tried');
  });

  test('a wrong password', async () => {
    const url = new URL(logins.responderUrl);
    url.password = 'not-it';
    const findings = await look(await open(url.href));
    expect(idsOf(findings, 'failed')).toEqual(['authentication']);
    expect(hasFailures(findings)).toBe(true);
  });

  test('users at a limit of their own are told by a snapshot', async () => {
    const atLimit = async () => {
      const answer = await (
        await open()
      ).answer({ schema: 1, kind: 'snapshot', deadline: Date.now() + 10_000, patienceMs: 0 });
      if (!('snapshot' in answer)) throw new Error('no snapshot');
      return answer.snapshot.atLimit;
    };
    expect(await atLimit()).toEqual([]);
    await administer('ALTER USER app WITH MAX_USER_CONNECTIONS 1');
    await connect(server.urlFor({ user: 'app', password: 'app' }), 'web');
    expect(await atLimit()).toEqual([{ of: 'user', name: 'app', limit: 1 }]);
    await administer('ALTER USER app WITH MAX_USER_CONNECTIONS 0');
    if (flavour === 'mariadb') return;
    await administer('SET GLOBAL max_user_connections = 1');
    const found = await atLimit();
    await administer('SET GLOBAL max_user_connections = 0');
    expect(found).toContainEqual({ of: 'user', name: 'app', limit: 1 });
  });
});
