import { describe, expect, test } from 'vitest';
import type { MysqlFlavour } from '../../../drill/servers/files/mysql-flavours.ts';
import { judgeCheck } from '../../../functions/core/check/check.ts';
import type { Policy } from '../../../functions/core/policy/policy.ts';
import { protectionOf } from '../../../functions/core/policy/protection.ts';
import { describeMissing } from '../../../functions/core/server/readiness.ts';
import { aPolicy } from '../../support/a-session.ts';
import { askForCheck, pick } from '../worker/check-report.ts';
import { OnMysql } from './on-mysql.ts';
import { endSessions, sessionOf, takeSample, takeSnapshot, victimOf } from './stage.ts';

const protecting = (protect: Partial<Policy['protect']>): Policy =>
  aPolicy({ protect: { ...aPolicy().protect, ...protect } });
const NIGHTLY = protecting({ applications: ['nightly'] });

const SIZE = 'performance-schema-session-connect-attrs-size';
const CASES: readonly [string, { performanceSchema: boolean; settings: Record<string, string> }][] = [
  ['is off', { performanceSchema: false, settings: {} }],
  ['keeps no attributes', { performanceSchema: true, settings: { [SIZE]: '0' } }],
  ['cuts attributes', { performanceSchema: true, settings: { [SIZE]: '64' } }],
];

describe.each(
  (['mysql', 'mariadb'] as const).flatMap((flavour: MysqlFlavour) =>
    CASES.map(([words, options]) => ({ flavour, words, ...options })),
  ),
)('on $flavour, where performance_schema $words', { timeout: 120_000 }, ({ flavour, performanceSchema, settings }) => {
  const on = new OnMysql({ flavour, performanceSchema, settings });

  test('a session whose application does not show may be one that the policy protects, and a check says so', async () => {
    // Longer than what there is room for, before the name.
    const connectAttributes = { team: 'x'.repeat(120), program_name: 'nightly' };
    const user = { user: 'app', password: 'app' };
    await on.stage.connect({ ...user, connectAttributes });
    const client = await on.stage.open({ application: 'y'.repeat(100) });
    const session = sessionOf(await takeSnapshot(on.worker), client);
    expect(session).toMatchObject({ application: '', doubts: ['application'] });
    expect(protectionOf(session, NIGHTLY)).toBe('application-unknown');
    expect(protectionOf(session, aPolicy())).toBeNull();
    const answer = await askForCheck(on.worker);
    const finding = pick(judgeCheck(answer, { engine: flavour, policy: NIGHTLY }), 'protection');
    expect(finding).toMatchObject({ status: 'failed' });
    expect(finding.detail).toContain('protect.applications');
    expect(finding.fix).toMatch(/performance_schema/);
    expect(pick(judgeCheck(answer, { engine: flavour, policy: aPolicy() }), 'protection').status).toBe('ok');
  });
});

describe.each(['mysql', 'mariadb'] as const)(
  'on %s, where performance_schema has room for no session',
  { timeout: 120_000 },
  (flavour) => {
    const settings = { 'performance-schema-max-thread-instances': '0' };
    const on = new OnMysql({ flavour, performanceSchema: true, settings });

    test('sessions are seen by the other list, and the look and a check say what is not', async () => {
      const client = await on.stage.open();
      const snapshot = await takeSnapshot(on.worker);
      expect(sessionOf(snapshot, client)).toMatchObject({ user: 'app', state: 'idle', doubts: ['application'] });
      expect(snapshot.byState['unseen']).toBeUndefined();
      expect((await takeSample(on.worker)).byState['unseen']).toBeUndefined();
      expect(snapshot.missing?.map(describeMissing)).toEqual([
        'what performance_schema keeps of sessions could not be read: it has no room for any of them; ' +
          'see performance_schema_max_thread_instances',
      ]);
      expect(pick(judgeCheck(await askForCheck(on.worker), { engine: flavour }), 'tracking')).toMatchObject({
        status: 'warning',
        fix: expect.stringContaining('performance_schema_max_thread_instances = -1') as string,
      });
      const endings = await endSessions(on.worker, [victimOf(sessionOf(snapshot, client))]);
      expect(endings.map(({ result }) => result)).toEqual(['ended']);
    });
  },
);

describe.each(['mysql', 'mariadb'] as const)('on %s, where attributes are kept', { timeout: 120_000 }, (flavour) => {
  const on = new OnMysql({ flavour, performanceSchema: true, settings: { 'skip-name-resolve': 'OFF' } });

  test('a client that sends no name has none, and is not protected by one', async () => {
    await on.stage.connect({ user: 'other_app', password: 'other_app', connectAttributes: {} });
    const session = (await takeSnapshot(on.worker)).sessions.find(({ user }) => user === 'other_app');
    expect(session).toMatchObject({ application: '', doubts: [] });
    expect(session && protectionOf(session, NIGHTLY)).toBeNull();
    const answer = await askForCheck(on.worker);
    expect(pick(judgeCheck(answer, { engine: flavour, policy: NIGHTLY }), 'protection').status).toBe('ok');
  });

  test('a client whose name the server shows for its address is protected by its address, or may be', async () => {
    const client = await on.stage.open();
    const session = sessionOf(await takeSnapshot(on.worker), client);
    expect(session.client).toBe('localhost');
    expect(protectionOf(session, protecting({ clients: ['127.0.0.0/8'] }))).toBe('protected-client');
    const policy = protecting({ clients: ['10.0.0.0/8'] });
    expect(protectionOf(session, policy)).toBeNull();
    expect(protectionOf({ ...session, client: 'ip-10-0-0-7.internal' }, policy)).toBe('may-be-protected');
  });
});
