import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLogins, startPostgres, type PostgresOptions } from '../../../drill/servers/postgres.ts';
import { hasFailures, judgeCheck } from '../../../functions/core/check/check.ts';
import type { CheckFinding, CheckId } from '../../../functions/core/check/finding.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { WorkerSettings } from '../../../functions/core/protocol/worker-settings.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { openPostgresStage, until, type PostgresStage } from '../engines/postgres-stage.ts';
import { openWorker, takeSample } from '../engines/stage.ts';
import { askForCheck, idsOf, pick, runFix } from './check-report.ts';

let stage: PostgresStage;
beforeAll(async () => {
  stage = await openPostgresStage(18);
});
afterAll(() => stage.stop());
const workers: Worker[] = [];
afterEach(async () => {
  workers.splice(0).forEach((worker) => worker.close());
  await stage.clear();
});

interface Looking {
  readonly settings?: Partial<WorkerSettings>;
  readonly url?: string;
  readonly target?: { readonly maxConnections?: number; readonly reservedSlots?: number };
  readonly worker?: Worker;
}

async function open(settings: Partial<WorkerSettings> = {}, url?: string): Promise<Worker> {
  const worker = await openWorker(stage, settings, url);
  workers.push(worker);
  return worker;
}

async function look({ settings, url, target, worker }: Looking = {}): Promise<readonly CheckFinding[]> {
  return judgeCheck(await askForCheck(worker ?? (await open(settings, url))), {
    engine: 'postgres',
    maxConnections: stage.maxConnections,
    reservedSlots: stage.reserved,
    ...target,
  });
}

const DOOR: readonly CheckId[] = ['route', 'tls', 'slot', 'authentication', 'server'];

describe('a server that is in order', () => {
  test('has no failed finding, and one finding for each check in their order', async () => {
    const findings = await look();
    expect(idsOf(findings, 'failed')).toEqual([]);
    expect(hasFailures(findings)).toBe(false);
    expect(findings.map(({ id }) => id)).toEqual([
      ...DOOR,
      'see-sessions',
      'end-sessions',
      'server-lock',
      'visibility',
      'reserve',
      'canary',
      'canary-ordinary',
      'own-logins',
      'protection',
      'limit',
      'login-limits',
      'clock',
      'reserve-holders',
      'tracking',
      'database',
      'settings',
    ]);
  });

  test('is told how the worker got in, and a second check uses the same session', async () => {
    const worker = await open();
    expect(pick(await look({ worker }), 'slot').detail).toMatch(
      /at the first try, in \d+ ms, and may use reserved slots$/,
    );
    expect(pick(await look({ worker }), 'slot').detail).toMatch(/by its warm session/);
  });

  test('keeps its sessions and its lock: a check ends nobody and leaves nothing behind', async () => {
    const client = await stage.open();
    await look();
    await look();
    expect(client.isOpen).toBe(true);
    await client.query('SELECT 1');
    await stage.administer(
      `DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'), 'a lock was left'; END $$`,
    );
  });

  test('shows settings as an ordinary client gets them, not as the responder sets its own', async () => {
    await stage.administer(`ALTER SYSTEM SET idle_in_transaction_session_timeout = '7min'`);
    await stage.administer('SELECT pg_reload_conf()');
    await until(async () =>
      pick(await look(), 'settings').detail.includes('idle_in_transaction_session_timeout = 7min'),
    );
    expect(pick(await look(), 'settings').fix).not.toContain('idle_in_transaction');
    await stage.administer('ALTER SYSTEM RESET idle_in_transaction_session_timeout');
    await stage.administer('SELECT pg_reload_conf()');
  });
});

describe('a grant that is missing is found by trying, and its fix, run as printed, mends it', () => {
  test.each<[string, string, readonly CheckId[]]>([
    ['pg_monitor', 'GRANT pg_monitor TO headroom_responder', ['see-sessions', 'visibility']],
    ['pg_signal_backend', 'GRANT pg_signal_backend TO headroom_responder', ['end-sessions']],
    ['pg_use_reserved_connections', 'GRANT pg_use_reserved_connections TO headroom_responder', ['reserve']],
  ])('%s', async (role, fix, ids) => {
    await stage.administer(`REVOKE ${role} FROM headroom_responder`);
    const findings = await look();
    expect(idsOf(findings, 'failed')).toEqual(ids);
    for (const id of ids) expect(pick(findings, id).fix).toBe(fix);
    await runFix(pick(findings, ids[0] ?? 'route'), (sql) => stage.administer(sql));
    expect(idsOf(await look(), 'failed')).toEqual([]);
  });

  test.each(['pg_terminate_backend', 'pg_cancel_backend'])('%s, which everybody may call by default', async (name) => {
    await stage.administer(`REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`);
    const findings = await look();
    expect(idsOf(findings, 'failed')).toEqual(['end-sessions']);
    expect(pick(findings, 'end-sessions').detail).toContain(`permission denied for function ${name}`);
    await runFix(pick(findings, 'end-sessions'), (sql) => stage.administer(sql));
    expect(idsOf(await look(), 'failed')).toEqual([]);
    await stage.administer(`GRANT EXECUTE ON FUNCTION ${name} TO PUBLIC`);
  });

  test.each<[string, string, string, readonly CheckId[]]>([
    ['SUPERUSER', 'ALTER ROLE headroom_canary SUPERUSER', 'ALTER ROLE headroom_canary NOSUPERUSER', ['canary']],
    [
      'member of pg_use_reserved_connections',
      'GRANT pg_use_reserved_connections TO headroom_canary',
      'REVOKE pg_use_reserved_connections FROM headroom_canary',
      ['canary'],
    ],
    [
      'rights on 1 objects in database postgres',
      'GRANT SELECT ON ledger TO headroom_canary',
      'REVOKE SELECT ON ledger FROM headroom_canary',
      [],
    ],
  ])('a canary that is not ordinary: %s; the fix takes nothing from anybody', async (name, give, take, also) => {
    await stage.administer(give);
    const findings = await look();
    await stage.administer(take);
    expect(idsOf(findings, 'failed')).toEqual([...also, 'canary-ordinary']);
    const finding = pick(findings, 'canary-ordinary');
    expect(finding.detail).toContain(name);
    expect(finding.fix).toContain('create logins that nothing else uses');
    expect(JSON.stringify(findings)).not.toMatch(/REVOKE|DROP|REASSIGN/);
    expect(idsOf(await look(), 'failed')).toEqual([]);
  });

  test('logins that an application uses too are found, and no fix changes what such a login may do', async () => {
    await stage.administer('GRANT SELECT ON ledger TO app');
    await stage.open();
    const canaryUrl = stage.server.urlFor({ user: 'app', password: 'app' });
    const shared = await look({ worker: await openWorker({ ...stage, canaryUrl }) });
    expect(pick(shared, 'own-logins')).toMatchObject({ status: 'failed' });
    expect(pick(shared, 'own-logins').detail).toContain('the canary’s login is also used by 1 session of others');
    expect(pick(shared, 'canary')).toMatchObject({ status: 'failed' });
    const sharing = await openWorker(stage, {}, canaryUrl, stage.canaryUrl);
    const responder = await look({ worker: sharing });
    sharing.close();
    expect(pick(responder, 'own-logins').detail).toContain('the responder’s login is also used by 1 session of others');
    for (const findings of [shared, responder]) {
      expect(JSON.stringify(findings.filter(({ status }) => status === 'failed'))).not.toMatch(
        /REVOKE|DROP|REASSIGN|GRANT|ALTER ROLE/,
      );
    }
    expect(pick(await look(), 'own-logins').status).toBe('ok');
  });

  test('one login for both, and an administrator’s, are named, and nothing is taken from either', async () => {
    const { adminUrl } = stage.server;
    const both = await openWorker(stage, {}, adminUrl, adminUrl);
    const findings = await look({ worker: both });
    both.close();
    expect(pick(findings, 'own-logins')).toMatchObject({ status: 'failed' });
    expect(pick(findings, 'own-logins').detail).toMatch(/responder and canary are one login, postgres.*administrator/);
    await stage.administer('ALTER ROLE headroom_responder CREATEROLE');
    const mine = pick(await look(), 'own-logins');
    await stage.administer('ALTER ROLE headroom_responder NOCREATEROLE');
    expect(mine).toMatchObject({ status: 'warning', fix: expect.stringContaining('create logins') as string });
    await stage.administer('GRANT SELECT ON ledger TO headroom_responder');
    const applications = pick(await look(), 'own-logins');
    await stage.administer('REVOKE SELECT ON ledger FROM headroom_responder');
    expect(applications).toMatchObject({ status: 'warning', fix: mine.fix });
    expect(applications.detail).toContain('headroom_responder, has rights on tables, as an application’s has');
    const one = await openWorker(stage, {}, stage.responderUrl, stage.responderUrl);
    const same = await look({ worker: one });
    one.close();
    expect(pick(same, 'own-logins').detail).toContain('responder and canary are one login, headroom_responder');
    expect(pick(same, 'own-logins').detail).not.toContain('administrator');
    for (const { id, fix } of [findings, mine, same].flat()) {
      if (id !== 'settings') expect(fix ?? '').not.toMatch(/NOSUPERUSER|REVOKE|DROP|ALTER ROLE|GRANT /);
    }
  });

  test('a canary at a limit of its own is not broken: the fix is about the limit', async () => {
    await stage.administer('ALTER ROLE headroom_canary CONNECTION LIMIT 0');
    const finding = pick(await look(), 'canary');
    await stage.administer('ALTER ROLE headroom_canary CONNECTION LIMIT -1');
    expect(finding.detail).toMatch(
      /^a connection limit of the canary’s own is reached, which says nothing about the server/,
    );
    expect(finding.fix).toContain('CONNECTION LIMIT -1');
  });

  test('a limit of the database is not for Headroom to lift', async () => {
    await stage.administer('ALTER DATABASE postgres CONNECTION LIMIT 50');
    const finding = pick(await look(), 'login-limits');
    await stage.administer('ALTER DATABASE postgres CONNECTION LIMIT -1');
    expect(finding.status).toBe('warning');
    expect(finding.fix).toContain('a database of their own');
  });

  test('what its logins own elsewhere shows too', async () => {
    await stage.administer('CREATE TABLE left_over (id int); ALTER TABLE left_over OWNER TO headroom_canary', 'second');
    expect(pick(await look(), 'canary-ordinary').detail).toContain('rights on 1 objects in database second');
    await stage.administer('DROP TABLE left_over', 'second');
  });

  test('a login with a limit or an end is warned of', async () => {
    await stage.administer('ALTER ROLE headroom_canary CONNECTION LIMIT 1');
    await stage.administer(
      `ALTER ROLE headroom_responder VALID UNTIL '${new Date(Date.now() + 86_400_000).toISOString()}'`,
    );
    const finding = pick(await look(), 'login-limits');
    expect(finding.status).toBe('warning');
    expect(finding.fix).toBe(
      `ALTER ROLE headroom_responder VALID UNTIL 'infinity'; ALTER ROLE headroom_canary CONNECTION LIMIT -1`,
    );
    await runFix(finding, (sql) => stage.administer(sql));
    expect(pick(await look(), 'login-limits').status).toBe('ok');
  });
});

describe('how the server is set up', () => {
  test('a configured limit that is not the real one', async () => {
    const findings = await look({ target: { maxConnections: 100, reservedSlots: 9 } });
    expect(idsOf(findings, 'failed')).toEqual(['limit']);
    expect(pick(findings, 'limit').detail).toContain('max_connections is 24, 20 of them for ordinary clients');
    expect(pick(findings, 'limit').fix).toContain('set maxConnections to 24 and reservedSlots to 4');
  });

  test('an application on a superuser’s login is warned of, and fails when it can take the whole reserve', async () => {
    await stage.open({ as: 'administrator', application: 'psql' });
    // The stage itself watches as a superuser.
    expect(pick(await look(), 'reserve-holders')).toMatchObject({
      status: 'warning',
      detail: 'may use reserved slots: postgres/stage (1)',
    });
    for (let count = 0; count < 3; count++) await stage.open({ as: 'administrator', application: 'billing' });
    const finding = pick(await look(), 'reserve-holders');
    expect(finding).toMatchObject({ status: 'failed' });
    expect(finding.detail).toContain('postgres/billing (3)');
    expect(finding.fix).toContain('neither a superuser');
  });

  test('track_activities off: nothing could be ended', async () => {
    await stage.administer('ALTER SYSTEM SET track_activities = off');
    await stage.administer('SELECT pg_reload_conf()');
    await until(async () => pick(await look(), 'tracking').status === 'failed');
    const finding = pick(await look(), 'tracking');
    expect(finding.detail).toContain('track_activities is off');
    await runFix(finding, (sql) => stage.administer(sql));
    await until(async () => !hasFailures(await look()));
  });

  test('track_activities off for one user only', async () => {
    await stage.administer('ALTER ROLE other_app SET track_activities = off');
    await stage.open({ as: 'other-app' });
    expect(pick(await look(), 'tracking')).toMatchObject({ status: 'warning' });
    await stage.administer('ALTER ROLE other_app RESET track_activities');
  });

  test('a database shared with applications', async () => {
    expect(pick(await look(), 'database').status).toBe('ok');
    await stage.open();
    expect(pick(await look(), 'database')).toMatchObject({ status: 'warning' });
  });

  test('another executor at work is no failure', async () => {
    const holder = await stage.open({ as: 'administrator' });
    await holder.query(`SELECT pg_advisory_lock(x'48454144'::int, x'524f4f4d'::int)`);
    const findings = await look();
    expect(pick(findings, 'server-lock')).toMatchObject({ status: 'warning' });
    expect(hasFailures(findings)).toBe(false);
  });
});

describe('a door that stays shut says where one is stopped, and nothing beyond it', () => {
  function expectStoppedAt(findings: readonly CheckFinding[], id: CheckId, passed: readonly CheckId[]): CheckFinding {
    expect(idsOf(findings, 'failed')).toEqual([id]);
    expect(idsOf(findings, 'ok')).toEqual(passed);
    expect(idsOf(findings, 'not-reached')).toHaveLength(findings.length - passed.length - 1);
    return pick(findings, id);
  }

  test('no server at the address', async () => {
    const url = new URL(stage.responderUrl);
    url.port = '1';
    const finding = expectStoppedAt(await look({ url: url.href }), 'route', []);
    expect(finding.fix).toContain('correct host and port in the URL in RESPONDER');
  });

  test('a host name that is none', async () => {
    const url = new URL(stage.responderUrl);
    url.hostname = 'no-such-host.invalid';
    expectStoppedAt(await look({ url: url.href }), 'route', []);
  });

  test('a server without TLS', async () => {
    const findings = await look({ settings: { tls: { mode: 'require', ca: null } } });
    expect(expectStoppedAt(findings, 'tls', ['route']).fix).toContain('ssl = on');
  });

  test('a wrong password, which is not repeated', async () => {
    const findings = await look({ url: stage.withUrl(stage.responderUrl, { password: 'not it' }) });
    const finding = expectStoppedAt(findings, 'authentication', ['route', 'tls', 'slot']);
    expect(finding.fix).toContain('the URL in RESPONDER');
    expect(JSON.stringify(findings)).not.toContain('not it');
  });

  test('a database that is not there', async () => {
    const findings = await look({ url: stage.withUrl(stage.responderUrl, { database: 'nowhere' }) });
    expect(expectStoppedAt(findings, 'authentication', ['route', 'tls', 'slot']).fix).toContain('endpoint.database');
  });

  test('another instance than the configured one', async () => {
    await stage.administer(
      `CREATE FUNCTION pg_catalog.aurora_db_instance_identifier() RETURNS text LANGUAGE sql AS $$ SELECT 'orders-1' $$`,
    );
    const findings = await look({ settings: { instance: 'orders-2' } });
    await stage.administer('DROP FUNCTION pg_catalog.aurora_db_instance_identifier()');
    const finding = expectStoppedAt(findings, 'server', ['route', 'tls', 'slot', 'authentication']);
    expect(finding.detail).toContain('"orders-1", not "orders-2"');
    expect(finding.fix).toContain('the endpoint of the instance itself');
  });

  test('a login at its own limit', async () => {
    const url = await stage.limitedUrl(1);
    await takeSample(await open({}, url));
    const finding = expectStoppedAt(await look({ url }), 'slot', ['route', 'tls', 'authentication']);
    expect(finding.fix).toContain('CONNECTION LIMIT -1');
  });

  test('a server with every slot taken, in which a warm session still finds out all the rest', async () => {
    const warm = await open();
    await takeSample(warm);
    await stage.fill('app');
    await stage.fill('administrator');
    const finding = expectStoppedAt(await look(), 'slot', ['route', 'tls']);
    expect(finding.detail).toMatch(/^full: /);
    expect(finding.fix).toContain('headroom respond');

    const inside = await look({ worker: warm });
    expect(pick(inside, 'slot')).toMatchObject({ status: 'ok' });
    expect(pick(inside, 'canary').status).toBe('failed');
    expect(pick(inside, 'canary').fix).toContain('headroom respond');
    // Without a canary's session there is nothing to try on; the catalogue answers.
    expect(pick(inside, 'end-sessions').detail).toContain('not tried');
    expect(pick(inside, 'end-sessions').status).toBe('ok');
    expect(pick(inside, 'canary-ordinary').status).toBe('not-reached');
  });

  test('a responder that gets in while its canary does not', async () => {
    const canaryUrl = stage.withUrl(stage.canaryUrl, { password: 'not it' });
    const worker = await openWorker({ ...stage, canaryUrl });
    workers.push(worker);
    const findings = await look({ worker });
    expect(idsOf(findings, 'failed')).toEqual(['canary']);
    expect(pick(findings, 'canary').fix).toContain('the URL in CANARY');
  });

  test('no canary at all is a warning', async () => {
    const findings = await look({ settings: { auth: { mode: 'url', variable: 'RESPONDER', canaryVariable: null } } });
    expect(hasFailures(findings)).toBe(false);
    expect(pick(findings, 'canary').status).toBe('warning');
  });

  test('a request that comes too late is answered too', async () => {
    const answer = await (await open()).answer({ schema: SCHEMA, kind: 'check', deadline: Date.now() - 1 });
    expect(answer).toMatchObject({
      ok: false,
      refusal: { kind: 'too-late' },
      sources: { responder: 'the URL in RESPONDER' },
    });
  });
});

describe('the reserve', () => {
  /** On a server of its own; `administer` runs statements as its superuser. */
  async function onServer(
    options: PostgresOptions,
    work: (
      look: () => Promise<readonly CheckFinding[]>,
      server: Awaited<ReturnType<typeof startPostgres>>,
    ) => Promise<void>,
  ): Promise<void> {
    const server = await startPostgres(options);
    try {
      const logins = await createLogins(server);
      await work(async () => {
        const worker = await openWorker({ ...stage, ...logins });
        try {
          return judgeCheck(await askForCheck(worker), { engine: 'postgres' });
        } finally {
          worker.close();
        }
      }, server);
    } finally {
      await server.stop();
    }
  }

  test('that no slot is set aside for: the fix waits for a restart, which the settings tell', async () => {
    await onServer({ major: 18 }, async (look, server) => {
      const finding = pick(await look(), 'reserve');
      expect(finding).toMatchObject({ status: 'failed', detail: 'reserved_connections is 0: no slot is set aside' });
      const [statement, then] = finding.fix?.split('; ') ?? [];
      expect(then).toBe('restart the server');
      const admin = new pg.Client({ connectionString: server.adminUrl });
      await admin.connect();
      await admin.query(statement ?? '');
      await admin.query('SELECT pg_reload_conf()');
      await until(async () =>
        pick(await look(), 'settings').detail.includes('reserved_connections = 0 (it was changed'),
      );
      await admin.end();
      await server.restart('fast');
      expect(pick(await look(), 'reserve')).toMatchObject({ status: 'ok' });
    });
  });

  test('that PostgreSQL 15 does not have is a warning', async () => {
    await onServer({ major: 15 }, async (look) => {
      const findings = await look();
      expect(pick(findings, 'reserve').status).toBe('warning');
      expect(pick(findings, 'reserve').fix).toContain('upgrade');
      expect(hasFailures(findings)).toBe(false);
    });
  });

  test('that RDS before 16 gives its administrators shows with its price', async () => {
    await onServer({ major: 15 }, async (look, server) => {
      const admin = new pg.Client({ connectionString: server.adminUrl });
      await admin.connect();
      await admin.query('CREATE ROLE rds_superuser');
      expect(pick(await look(), 'reserve').fix).toContain('GRANT rds_superuser TO headroom_responder');
      await admin.end();
    });
  });
});
