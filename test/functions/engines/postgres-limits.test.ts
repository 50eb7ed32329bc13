import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLogins, startPostgres, type Logins, type PostgresServer } from '../../../drill/servers/postgres.ts';
import type { UserLimits } from '../../../functions/core/server/snapshot.ts';
import { limitGrants } from '../../../functions/engines/postgres/grants/limit-grants.ts';
import { renderGrants } from '../../../functions/engines/shared/grants.ts';
import { changeLimit, openWorker, takeSnapshot, type Stage } from './stage.ts';

const GRANTS = { responder: 'headroom_responder', database: 'postgres', users: ['storm'] };
/** As a statement names it; PostgreSQL counts the sessions that were there before the limit. */
const STORM = { user: 'storm', account: '"storm"', countsEarlier: true };

/** The administrator's routines: who may make them, who may call them, and what they refuse. */
describe.each([15, 16, 18] as const)('limits of users on PostgreSQL %d', (major) => {
  let server: PostgresServer;
  let admin: pg.Client;
  let logins: Logins;

  beforeAll(async () => {
    server = await startPostgres({ major });
    admin = await connect(server.adminUrl);
    logins = await createLogins(server);
    await admin.query(`CREATE ROLE storm LOGIN; CREATE ROLE stranger LOGIN PASSWORD 'stranger'`);
    // As on RDS: it may create roles, and is no superuser.
    await admin.query(
      `CREATE ROLE master LOGIN CREATEROLE PASSWORD 'master'; GRANT CREATE ON DATABASE postgres TO master`,
    );
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });
  beforeEach(async () => {
    await admin.query(
      'DROP SCHEMA IF EXISTS headroom CASCADE; ALTER ROLE storm NOSUPERUSER NOCREATEROLE NOREPLICATION CONNECTION LIMIT -1',
    );
  });

  const stage = () =>
    ({ engine: 'postgres', ...logins }) as Pick<Stage, 'engine' | 'responderUrl' | 'canaryUrl'> as Stage;
  const withWorker = async <T>(work: (worker: Awaited<ReturnType<typeof openWorker>>) => Promise<T>) => {
    const worker = await openWorker(stage());
    try {
      return await work(worker);
    } finally {
      worker.close();
    }
  };
  const seen = (): Promise<UserLimits> => withWorker(async (worker) => (await takeSnapshot(worker)).userLimits);
  const limit = () => withWorker((worker) => changeLimit(worker, 'limit', { user: 'storm', limit: 5, before: null }));
  const as = async <T>(user: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = await connect(server.urlFor({ user, password: user }));
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const limitOf = async (role: string) =>
    (await admin.query<{ limit: number }>('SELECT rolconnlimit AS "limit" FROM pg_roles WHERE rolname = $1', [role]))
      .rows[0]?.limit;

  test('without the routine it says what to create, and a limit is refused by the server', async () => {
    expect(await seen()).toEqual({ missing: [expect.stringContaining('headroom grants --cap-users')], users: [] });
    expect(await limit()).toMatchObject({ result: 'refused', detail: expect.stringContaining('headroom') as string });
  });

  test('the printed script is all it takes, may be run again, and limits what it names', async () => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await admin.query(renderGrants(limitGrants({ ...GRANTS, users: ['storm', 'stranger'] })));
    expect((await seen()).users.map(({ user }) => user).sort()).toEqual(['storm', 'stranger']);
    expect(await limit()).toMatchObject({ result: 'done', current: 5 });
    expect(await limitOf('storm')).toBe(5);
  });

  test('a routine that anybody could have made is not called', async () => {
    await admin.query('GRANT CREATE ON DATABASE postgres TO stranger');
    await as('stranger', (client) => client.query(renderGrants(limitGrants(GRANTS))));
    expect((await seen()).missing.join()).toContain('belong to administrators');
    expect(await limit()).toMatchObject({ result: 'refused' });
    await admin.query('REVOKE CREATE ON DATABASE postgres FROM stranger');
  });

  test.each([
    ['a function of the chain', 'ALTER FUNCTION headroom.limit_refusal(name) OWNER TO stranger'],
    ['the schema, whose owner may put others in their place', 'ALTER SCHEMA headroom OWNER TO stranger'],
    ['the right to put others beside them', 'GRANT CREATE ON SCHEMA headroom TO stranger'],
    ['their names', 'ALTER FUNCTION headroom.limit_connections(name, int, int) RESET search_path'],
    ['the names of the one they call', 'ALTER FUNCTION headroom.limit_refusal(name) SET search_path = public'],
    ['whose rights they have', 'ALTER FUNCTION headroom.connection_limits() SECURITY INVOKER'],
  ])('a routine is not called any more once somebody else has %s', async (_, spoil) => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    expect((await seen()).missing).toEqual([]);
    await admin.query(spoil);
    expect((await seen()).missing.join()).toContain('headroom grants --cap-users');
    expect(await limit()).toMatchObject({ result: 'refused' });
    expect(await limitOf('storm')).toBe(-1);
  });

  test('nobody but the responder limits anybody, whatever the grants of the database say', async () => {
    await admin.query('ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO stranger');
    await admin.query('ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO stranger');
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await admin.query('ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SCHEMAS FROM stranger');
    await admin.query('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM stranger');
    await expect(
      as('stranger', (client) => client.query(`SELECT headroom.limit_connections('storm', -1, 1)`)),
    ).rejects.toThrow('only the responder');
    expect(await limitOf('storm')).toBe(-1);
  });

  test('without the right to call it the grants are named, and they are enough', async () => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await admin.query('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA headroom FROM headroom_responder');
    const { missing } = await seen();
    expect(missing.join()).toContain('GRANT EXECUTE');
    for (const grant of missing) await admin.query(grant);
    expect((await seen()).missing).toEqual([]);
  });

  test('nobody but the responder calls it, and not even the responder changes the list', async () => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await expect(
      as('stranger', (client) => client.query(`SELECT headroom.limit_connections('storm', -1, 5)`)),
    ).rejects.toThrow('permission denied');
    const responder = await connect(logins.responderUrl);
    await expect(
      responder.query(`ALTER FUNCTION headroom.limit_connections(name, int, int) SECURITY INVOKER`),
    ).rejects.toThrow('must be owner');
    await expect(responder.query(`SELECT headroom.limit_refusal('storm')`)).rejects.toThrow('permission denied');
    // Names of its own in front of the catalogue's do not reach into the routine.
    await responder.query(`CREATE TEMP TABLE pg_roles AS SELECT 'storm'::name AS rolname, 77 AS rolconnlimit`);
    await responder.query(`SET search_path = pg_temp, pg_catalog, headroom`);
    const { rows } = await responder.query(`SELECT headroom.limit_connections('storm', -1, 5) AS found`);
    expect(rows).toEqual([{ found: -1 }]);
    await responder.end();
  });

  test('a function that fails keeps nobody from looking: it only means that no limit can be set', async () => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await admin.query(
      `CREATE OR REPLACE FUNCTION headroom.limit_refusal(wanted name) RETURNS text LANGUAGE sql
       SET search_path = pg_catalog, pg_temp AS 'SELECT (1 / 0)::text'`,
    );
    expect(await seen()).toEqual({ missing: [expect.stringContaining('division by zero') as string], users: [] });
  });

  test('a limit that may not be lifted any more is settled once somebody has lifted it by hand', async () => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await limit();
    await admin.query('DROP SCHEMA headroom CASCADE');
    await withWorker(async (worker) => {
      const lift = () => changeLimit(worker, 'lift', { user: 'storm', limit: 5, before: null });
      expect(await lift()).toMatchObject({ result: 'refused' });
      await admin.query('ALTER ROLE storm CONNECTION LIMIT 7');
      expect(await lift()).toMatchObject({ result: 'changed', current: 7 });
      await admin.query('ALTER ROLE storm CONNECTION LIMIT -1');
      expect(await lift()).toMatchObject({ result: 'already', current: null });
    });
  });

  test.each([
    ['NULL', 'is neither'],
    ['0', 'is neither'],
    ['-2', 'is neither'],
  ])('a new limit of %s is refused by the routine itself', async (limit, words) => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    const responder = await connect(logins.responderUrl);
    await expect(responder.query(`SELECT headroom.limit_connections('storm', -1, ${limit})`)).rejects.toThrow(words);
    await responder.end();
    expect(await limitOf('storm')).toBe(-1);
  });

  test.each([
    ['a superuser', 'SUPERUSER', 'superuser'],
    ['an administrator', 'CREATEROLE', 'administrator'],
    ['a standby’s login', 'REPLICATION', 'replicates'],
  ])('%s is refused although it is on the list', async (_, attribute, words) => {
    await admin.query(renderGrants(limitGrants(GRANTS)));
    await admin.query(`ALTER ROLE storm ${attribute}`);
    expect((await seen()).users).toEqual([
      { ...STORM, limit: null, refusal: expect.stringContaining(words) as string },
    ]);
    expect(await limit()).toMatchObject({ result: 'refused', detail: expect.stringContaining(words) as string });
  });

  test('a role of RDS, or one with its powers, is refused although it is on the list; one named like it is not', async () => {
    await admin.query(renderGrants(limitGrants({ ...GRANTS, users: ['storm', 'rdsproxyadmin', 'rds_orders'] })));
    await admin.query(
      'CREATE ROLE rdsproxyadmin LOGIN; CREATE ROLE rds_orders LOGIN; CREATE ROLE rds_superuser; ' +
        'GRANT rds_superuser TO storm',
    );
    const refused = (await seen()).users.filter(({ refusal }) => refusal !== null).map(({ user }) => user);
    await admin.query('DROP ROLE rdsproxyadmin, rds_orders, rds_superuser');
    expect(refused.sort()).toEqual(['rdsproxyadmin', 'storm']);
  });

  test('an administrator who is no superuser may own it, where the server lets them alter the role', async () => {
    await as('master', (client) => client.query(renderGrants(limitGrants(GRANTS))));
    const [user] = (await seen()).users;
    if (major >= 16) {
      expect(user?.refusal).toContain('GRANT storm TO master WITH ADMIN OPTION');
      expect(await limit()).toMatchObject({ result: 'refused' });
      await admin.query(/GRANT .* OPTION/.exec(user?.refusal ?? '')?.[0] ?? '');
    }
    expect((await seen()).users).toEqual([{ ...STORM, limit: null, refusal: null }]);
    expect(await limit()).toMatchObject({ result: 'done', current: 5 });
    await admin.query('REVOKE storm FROM master');
  });

  test('a role that is gone is gone, and one that is taken off the list can be lifted by hand alone', async () => {
    await admin.query(renderGrants(limitGrants({ ...GRANTS, users: ['storm', 'gone'] })));
    await withWorker(async (worker) => {
      expect(await changeLimit(worker, 'lift', { user: 'gone', limit: 5, before: null })).toMatchObject({
        result: 'gone',
      });
      await limit();
      await admin.query(renderGrants(limitGrants({ ...GRANTS, users: ['gone'] })));
      const lifted = await changeLimit(worker, 'lift', { user: 'storm', limit: 5, before: null });
      expect(lifted).toMatchObject({
        result: 'refused',
        detail: expect.stringContaining('no administrator') as string,
      });
    });
    expect(await limitOf('storm')).toBe(5);
  });
});

test('a standby says that roles are changed on its primary', async () => {
  const { readUserLimits } = await import('../../../functions/engines/postgres/look/user-limits.ts');
  const never = {
    query: () => Promise.reject(new Error('asked')),
    greetedAs: null,
    isOpen: true,
    close: () => undefined,
  };
  const { missing } = await readUserLimits(never, { read_only: true, quoted_user: 'headroom' }, 1);
  expect(missing.join()).toContain('primary');
});

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
