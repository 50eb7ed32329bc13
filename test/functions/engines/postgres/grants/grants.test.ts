import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '../../../../../drill/servers/postgres.ts';
import { loginGrants, type GrantOptions } from '../../../../../functions/engines/postgres/grants/grants.ts';
import { serverOf } from '../../../../../functions/engines/postgres/look/sample.ts';
import { renderGrants } from '../../../../../functions/engines/shared/grants.ts';

const options: GrantOptions = {
  major: 18,
  isRds: false,
  auth: 'password',
  responder: 'headroom',
  canary: 'headroom_canary',
  database: 'postgres',
};
const statements = (changes: Partial<GrantOptions> = {}) =>
  loginGrants({ ...options, ...changes }).flatMap(({ sql }) => sql ?? []);

test('the responder may see, signal and use the reserve from 16 on; the canary may only connect', () => {
  const [responder, ...rest] = statements();
  const canary = rest.splice(5, 1)[0];
  expect(responder).toContain('CREATE ROLE "headroom" LOGIN');
  expect(canary).toContain('CREATE ROLE "headroom_canary" LOGIN');
  expect(rest).toEqual([
    'GRANT pg_monitor TO "headroom"',
    'GRANT pg_signal_backend TO "headroom"',
    'GRANT pg_use_reserved_connections TO "headroom"',
    'GRANT CONNECT ON DATABASE "postgres" TO "headroom"',
    'ALTER ROLE "headroom" SET idle_session_timeout = 0',
    'GRANT CONNECT ON DATABASE "postgres" TO "headroom_canary"',
  ]);
  expect(statements({ major: 15 }).join()).not.toContain('pg_use_reserved_connections');
});

test('on RDS up to 15 the script says what the only reserve would cost, and does not grant it', () => {
  const script = renderGrants(loginGrants({ ...options, major: 15, isRds: true }));
  expect(script).toContain('GRANT rds_superuser');
  expect(script).toContain('-- Headroom leaves sessions of administrators alone');
  expect(renderGrants(loginGrants(options))).not.toContain('administrators alone');
  expect(statements({ major: 15, isRds: true }).join()).not.toContain('rds_superuser');
});

test('with IAM both logins get rds_iam and nobody is told to set a password', () => {
  expect(statements({ auth: 'iam', isRds: true })).toEqual(
    expect.arrayContaining(['GRANT rds_iam TO "headroom"', 'GRANT rds_iam TO "headroom_canary"']),
  );
  expect(renderGrants(loginGrants({ ...options, auth: 'iam' }))).not.toContain('\\password');
});

test('hostile names create exactly the roles they say', async () => {
  const responder = `re"; DROP ROLE x; --\n\\password`;
  const canary = `"'ünï`;
  const server = await startPostgres({ major: 18 });
  const admin = new pg.Client(server.adminUrl);
  await admin.connect();
  try {
    // As one script, as psql would be given it: no comment may end early.
    await admin.query(renderGrants(loginGrants({ ...options, responder, canary })));
    const found = await admin.query<{ rolname: string }>(`SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'`);
    expect(found.rows.map(({ rolname }) => rolname).sort()).toEqual(['postgres', responder, canary].sort());
  } finally {
    await admin.end();
    await server.stop();
  }
});

test.each(['', 'a\0b', 'x'.repeat(64)])('%j is no name', (responder) => {
  expect(() => loginGrants({ ...options, responder })).toThrow(/^responder: .*1 to 63 bytes/);
});

test('a major version that the contract suite has not passed on is marked', () => {
  const row = {
    identity: '1',
    version: '19.0',
    read_only: false,
    max_connections: 100,
    reserves: [],
    sees_sessions: true,
    may_signal: true,
    may_terminate: true,
    may_cancel: true,
    quoted_user: 'headroom',
  };
  expect(serverOf({ ...row, major: 19 }).tested).toBe(false);
  expect(serverOf({ ...row, major: 18 }).tested).toBe(true);
});
