import pg from 'pg';
import type { LoadSpec } from '../loads/load-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { createLogins, startPostgres, type PostgresServer } from '../servers/postgres.ts';
import type { DrillServer } from './drill-server.ts';
import { slotsOf, type ServerChoice } from './server-choice.ts';
import { createRoles, DATABASE, ORDERS, PASSER_BY, type Role } from './shop.ts';

/** Whom the tables belong to. */
const OWNER = 'shop_owner';

const SHOP = `
  CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, total int NOT NULL);
  INSERT INTO orders SELECT n, n % 1000, n % 97 FROM generate_series(1, ${ORDERS}) n;
  CREATE INDEX ON orders (customer);
  CREATE TABLE stock (item int PRIMARY KEY, left_over int NOT NULL);
  INSERT INTO stock VALUES (1, 1000000);
  GRANT SELECT, UPDATE ON orders, stock TO PUBLIC;
  ALTER TABLE orders OWNER TO ${OWNER};
  ALTER TABLE stock OWNER TO ${OWNER};
  ANALYZE`;

const USED = `SELECT count(*)::int AS used FROM pg_stat_activity WHERE backend_type = 'client backend'`;

/** All clients of a rehearsal share the server's few processors: checking a password must not be what fills it. */
const CHEAP_LOGINS = { scram_iterations: '64' } as const;

const LIMITED = `SELECT rolname::text AS name FROM pg_roles WHERE rolconnlimit <> -1 ORDER BY 1`;

export async function startPostgresShop(
  scenario: Scenario,
  loads: readonly LoadSpec[],
  choice: ServerChoice & { readonly engine: 'postgres' },
): Promise<DrillServer> {
  const { maxConnections, hasReservedRole } = slotsOf(scenario, choice);
  const server = await startPostgres({
    major: choice.major,
    maxConnections,
    superuserReservedConnections: scenario.server.superuserReserved,
    ...(hasReservedRole ? { reservedConnections: scenario.server.reserved } : {}),
    settings: choice.major >= 16 ? CHEAP_LOGINS : {},
  });
  try {
    return await furnish(server, loads, choice, scenario.limitableUsers);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function furnish(
  server: PostgresServer,
  loads: readonly LoadSpec[],
  choice: ServerChoice,
  limitableUsers: Scenario['limitableUsers'],
): Promise<DrillServer> {
  const logins = await createLogins(server, limitableUsers);
  const passwords = await withAdmin(server.adminUrl, async (admin) => {
    await admin.query(`CREATE ROLE ${OWNER}`);
    const created = await createRoles(loads, (role, password) => createRole(admin, role, password));
    await admin.query(`CREATE DATABASE ${DATABASE}`);
    return created;
  });
  const shopUrl = new URL(server.adminUrl);
  shopUrl.pathname = `/${DATABASE}`;
  await withAdmin(shopUrl.href, (admin) => admin.query(SHOP));

  const eyes = new pg.Client({ connectionString: server.adminUrl, application_name: 'drill' });
  await eyes.connect();
  // The server goes before its eyes do.
  eyes.on('error', () => undefined);
  const { rows } = await eyes.query<{ server_version: string }>('SHOW server_version');
  const urlFor = (user: string) => server.urlFor({ user, password: passwords.get(user) ?? '', database: DATABASE });
  return {
    choice,
    title: `PostgreSQL ${rows[0]?.server_version ?? ''}`,
    adminUrl: server.adminUrl,
    ...logins,
    passerByUrl: urlFor(PASSER_BY.user),
    urlOf: (load) => urlFor(load.user),
    async countUsed() {
      return (await eyes.query<{ used: number }>(USED)).rows[0]?.used ?? 0;
    },
    async limitedUsers() {
      return (await eyes.query<{ name: string }>(LIMITED)).rows.map(({ name }) => name);
    },
    async asAdmin(sql) {
      await eyes.query(sql);
    },
    stop: () => server.stop(),
  };
}

const POWERS = {
  ordinary: [],
  owner: [`GRANT ${OWNER} TO`],
  reserved: ['GRANT pg_use_reserved_connections TO'],
  superuser: ['ALTER ROLE', 'SUPERUSER'],
  replication: ['ALTER ROLE', 'REPLICATION'],
} as const satisfies Record<LoadSpec['login'], readonly string[]>;

async function createRole(
  admin: pg.Client,
  { user, login, connectionLimit = -1 }: Role,
  password: string,
): Promise<void> {
  const name = pg.escapeIdentifier(user);
  await admin.query(
    `CREATE ROLE ${name} LOGIN PASSWORD ${pg.escapeLiteral(password)} CONNECTION LIMIT ${connectionLimit}`,
  );
  const [before, after = ''] = POWERS[login];
  if (before !== undefined) await admin.query(`${before} ${name} ${after}`);
}

async function withAdmin<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
