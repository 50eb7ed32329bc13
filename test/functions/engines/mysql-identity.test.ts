import { describe, expect, test } from 'vitest';
import { judgeCheck } from '../../../functions/core/check/check.ts';
import { UNBOUNDED } from '../../../functions/core/policy/bounds.ts';
import type { Policy } from '../../../functions/core/policy/policy.ts';
import { protectionOf } from '../../../functions/core/policy/protection.ts';
import { accountPrivileges, SEES_ACCOUNTS } from '../../../functions/engines/mysql/grants/grants.ts';
import { aPolicy } from '../../support/a-session.ts';
import { askForCheck, pick } from '../worker/check-report.ts';
import type { MysqlStageOptions } from './mysql-stage.ts';
import { OnMysql } from './on-mysql.ts';
import { endSessions, openWorker, victimOf } from './stage.ts';

/** Who a session belongs to, on MySQL and MariaDB. */
describe.each<MysqlStageOptions>([
  { flavour: 'mysql', performanceSchema: true },
  { flavour: 'mysql', performanceSchema: false },
  { flavour: 'mariadb', performanceSchema: true },
  { flavour: 'mariadb', performanceSchema: false },
])('on $flavour, performance_schema: $performanceSchema', { timeout: 120_000 }, (options) => {
  const on = new OnMysql(options);

  test.each(['rdsadmin_reports', 'mysql.orders'])(
    'a user whose name begins as those of the platform do is an ordinary one, and can be ended: %s',
    async (user) => {
      await on.stage.administer(`CREATE USER '${user}' IDENTIFIED BY 'x'`);
      await on.stage.connect({ user, password: 'x' });
      const session = await on.sessionOf(user);
      expect(session.kind).toBe('client');
      expect(protectionOf(session, aPolicy())).toBeNull();
      const endings = await endSessions(on.worker, [victimOf(session)]);
      await on.stage.administer(`DROP USER '${user}'`);
      expect(endings.map(({ result }) => result)).toEqual(['ended']);
    },
  );
});

describe.each(['mysql', 'mariadb'] as const)('on %s without performance_schema', { timeout: 120_000 }, (flavour) => {
  const on = new OnMysql({ flavour, performanceSchema: false });

  test('a check says when nothing tells whose a session at work is', async () => {
    const check = async () =>
      pick(judgeCheck(await askForCheck(on.worker), { engine: flavour, policy: aPolicy() }), 'protection');
    await on.stage.administer(`REVOKE ${SEES_ACCOUNTS.grant} FROM headroom_responder`);
    const blind = await check();
    await on.stage.administer(`GRANT ${SEES_ACCOUNTS.grant} TO headroom_responder`);
    expect(blind).toMatchObject({ status: 'failed', fix: expect.stringContaining(SEES_ACCOUNTS.grant) as string });
    expect(blind.detail).toContain('definer');
    expect((await check()).status).toBe('ok');
  });
});

/** The master user of RDS: may create users and hand on what it may do, and is no superuser. */
const MASTER = 'GRANT SELECT, PROCESS, CREATE USER ON *.* TO master WITH GRANT OPTION';

describe.each(['mysql', 'mariadb'] as const)('on RDS for %s', { timeout: 120_000 }, (flavour) => {
  const on = new OnMysql({ flavour, performanceSchema: false, isRds: true }, async (stage) => {
    await stage.administer(`CREATE USER master IDENTIFIED BY 'master'`);
    await stage.administer(MASTER);
  });

  test('the master user is an administrator, and is spared unless the policy lists it', async () => {
    await on.stage.connect({ user: 'master', password: 'master' });
    await on.stage.connect({ user: 'app', password: 'app' });
    const session = await on.sessionOf('master');
    expect(session).toMatchObject({ kind: 'client', superuser: false, administrator: true });
    expect(await on.sessionOf('app')).toMatchObject({ administrator: false });
    expect(protectionOf(session, aPolicy())).toBe('administrator');
    const { protect } = protecting({ exceptAdministrators: ['master'] });
    expect(protectionOf(session, aPolicy({ protect }))).toBeNull();
    const listing = await openWorker(on.stage, { bounds: { ...UNBOUNDED, protect } });
    const endings = [
      ...(await endSessions(on.worker, [victimOf(session)])),
      ...(await endSessions(listing, [victimOf(session)])),
    ];
    listing.close();
    expect(endings.map(({ result }) => result)).toEqual(['refused', 'ended']);
  });

  test('who has the role of the master user is one too', async () => {
    await on.stage.administer(`CREATE ROLE rds_superuser_role`);
    await on.stage.administer(`CREATE USER dba IDENTIFIED BY 'dba'`);
    await on.stage.administer('GRANT rds_superuser_role TO dba');
    await on.stage.connect({ user: 'dba', password: 'dba' });
    const { administrator, superuser } = await on.sessionOf('dba');
    await on.stage.administer('DROP USER dba');
    await on.stage.administer('DROP ROLE rds_superuser_role');
    expect({ administrator, superuser }).toEqual({ administrator: true, superuser: false });
  });

  test('where the responder may not see who is an administrator, everybody may be one until the master user is known', async () => {
    const [columns] = accountPrivileges(flavour, true).map(({ grant }) => grant);
    await on.stage.administer(`REVOKE ${columns} FROM headroom_responder`);
    await on.stage.connect({ user: 'app', password: 'app' });
    const session = await on.sessionOf('app');
    const answer = await askForCheck(on.worker);
    await on.stage.administer(`GRANT ${columns} TO headroom_responder`);
    expect(session.administrator).toBeNull();
    const findingFor = (policy: Policy) => pick(judgeCheck(answer, { engine: flavour, policy }), 'protection');
    expect(findingFor(aPolicy())).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining(`GRANT ${columns}`) as string,
    });
    expect(findingFor(protecting({ masterUser: 'master' })).detail).not.toContain('administrators');
    expect(protectionOf(session, aPolicy())).toBe('may-be-protected');
    expect(protectionOf(session, protecting({ masterUser: 'master' }))).toBeNull();
    expect(protectionOf({ ...session, user: 'master' }, protecting({ masterUser: 'master' }))).toBe('administrator');
  });
});

function protecting(changed: Partial<Policy['protect']>): Policy {
  return aPolicy({ protect: { ...aPolicy().protect, ...changed } });
}
