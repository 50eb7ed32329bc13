import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UNBOUNDED } from '../../../functions/core/policy/bounds.ts';
import { protectionOf } from '../../../functions/core/policy/protection.ts';
import type { Session } from '../../../functions/core/server/session.ts';
import { judgeCheck } from '../../../functions/core/check/check.ts';
import type { Worker } from '../../../functions/worker/worker.ts';
import { aPolicy } from '../../support/a-session.ts';
import { askForCheck, pick } from '../worker/check-report.ts';
import { openPostgresStage, type PostgresStage } from './postgres-stage.ts';
import { endSessions, openWorker, takeSample, takeSnapshot, victimOf } from './stage.ts';

/** Who a session belongs to, on PostgreSQL. */
describe.each([15, 18] as const)('on PostgreSQL %i', { timeout: 60_000 }, (major) => {
  let stage: PostgresStage;
  let worker: Worker;
  const clients: pg.Client[] = [];

  beforeAll(async () => {
    stage = await openPostgresStage(major);
  });
  beforeEach(async () => {
    worker = await openWorker(stage);
  });
  afterEach(async () => {
    worker.close();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
    await stage.clear();
  });
  afterAll(() => stage.stop());

  const login = async (role: string) => {
    await stage.administer(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
    const client = new pg.Client({ connectionString: stage.server.urlFor({ user: role, password: 'x' }) });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    const pid = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    return { client, pid };
  };
  const sessionAt = async (pid: number | undefined): Promise<Session> => {
    const { sessions } = await takeSnapshot(worker);
    const session = sessions.find(({ identity }) => identity.id === pid);
    if (session === undefined) throw new Error('the session is not in the snapshot');
    return session;
  };

  test('a role whose name begins as those of RDS do is an ordinary one, and can be ended', async () => {
    const { pid } = await login('rds_orders');
    const session = await sessionAt(pid);
    expect(session).toMatchObject({ kind: 'client', user: 'rds_orders' });
    expect(protectionOf(session, aPolicy())).toBeNull();
    expect((await takeSample(worker)).consumers.largest.map(({ name }) => name)).toContain('rds_orders/@127.0.0.1');
    const endings = await endSessions(worker, [victimOf(session)]);
    await stage.administer('DROP ROLE rds_orders');
    expect(endings.map(({ result }) => result)).toEqual(['ended']);
  });

  test('who may act as rds_superuser is an administrator, and is spared unless the policy lists it', async () => {
    await stage.administer('CREATE ROLE rds_superuser; CREATE ROLE dba; GRANT rds_superuser TO dba');
    const { pid } = await login('boss');
    await stage.administer('GRANT dba TO boss');
    const session = await sessionAt(pid);
    const ordinary = await stage.open();
    expect(session).toMatchObject({ kind: 'client', superuser: false, administrator: true });
    expect(await sessionAt(ordinary.id)).toMatchObject({ administrator: false });
    expect(protectionOf(session, aPolicy())).toBe('administrator');
    const protect = { ...aPolicy().protect, exceptAdministrators: ['boss'] };
    expect(protectionOf(session, aPolicy({ protect }))).toBeNull();
    const listing = await openWorker(stage, { bounds: { ...UNBOUNDED, protect } });
    const endings = [
      ...(await endSessions(worker, [victimOf(session)])),
      ...(await endSessions(listing, [victimOf(session)])),
    ];
    listing.close();
    await stage.administer('DROP ROLE boss, dba, rds_superuser');
    expect(endings.map(({ result }) => result)).toEqual(['refused', 'ended']);
  });

  test('an application name that the server cuts, or does not show as it is, may be one that the policy protects', async () => {
    const long = `nightly-${'x'.repeat(80)}`;
    const [cut, foreign, other] = [
      await stage.open({ application: long }),
      await stage.open({ application: 'bücher' }),
      await stage.open({ application: 'web' }),
    ];
    const policy = aPolicy({ protect: { ...aPolicy().protect, applications: [long, 'bücher*', 'web-🙂'] } });
    const reasons = await Promise.all(
      [cut, foreign, other].map(async ({ id }) => protectionOf(await sessionAt(id), policy)),
    );
    expect(reasons).toEqual(['may-be-protected', 'may-be-protected', null]);
    const answer = await askForCheck(worker);
    const finding = pick(judgeCheck(answer, { engine: 'postgres', policy }), 'protection');
    expect(finding).toMatchObject({ status: 'failed' });
    expect(finding.detail).toContain('protect.applications');
    expect(pick(judgeCheck(answer, { engine: 'postgres', policy: aPolicy() }), 'protection').status).toBe('ok');
  });

  test('a client that the policy names by its host name may be any: the server shows addresses alone', async () => {
    const session = await sessionAt((await stage.open()).id);
    const policy = aPolicy({ protect: { ...aPolicy().protect, clients: ['web-1.internal'] } });
    expect(protectionOf(session, policy)).toBe('may-be-protected');
    const finding = pick(judgeCheck(await askForCheck(worker), { engine: 'postgres', policy }), 'protection');
    expect(finding).toMatchObject({ status: 'failed' });
    expect(finding.detail).toContain('protect.clients');
  });

  test('a session whose role was dropped shows its state and can be ended, but may be one that the policy protects', async () => {
    const { pid } = await login('leaver');
    await stage.administer('DROP ROLE leaver');
    const session = await sessionAt(pid);
    expect(session).toMatchObject({ kind: 'client', own: false, state: 'idle', doubts: ['user-name'] });
    expect(session.user).toMatch(/^unknown \(OID=\d+\)$/);
    expect(protectionOf(session, aPolicy())).toBeNull();
    expect(protectionOf(session, aPolicy({ protect: { ...aPolicy().protect, users: ['leaver'] } }))).toBe(
      'may-be-protected',
    );
    const endings = await endSessions(worker, [victimOf(session)]);
    expect(endings.map(({ result }) => result)).toEqual(['ended']);
  });
});
