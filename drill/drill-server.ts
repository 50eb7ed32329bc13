import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { LoadSpec } from './loads/load-spec.ts';
import type { Scenario } from './scenarios/scenario.ts';
import type { PostgresMajor } from './servers/postgres-files.ts';
import { createLogins, startPostgres, type PostgresServer } from './servers/postgres.ts';

/** The database that the loads work on. */
const DATABASE = 'shop';
/** An ordinary client of the drill's own: asks now and then whether anybody gets in. */
const PASSER_BY = { user: 'passer_by', login: 'ordinary' } as const;

const SHOP = `
  CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, total int NOT NULL);
  INSERT INTO orders SELECT n, n % 1000, n % 97 FROM generate_series(1, 5000) n;
  CREATE INDEX ON orders (customer);
  CREATE TABLE stock (item int PRIMARY KEY, left_over int NOT NULL);
  INSERT INTO stock VALUES (1, 1000000);
  GRANT SELECT, UPDATE ON orders, stock TO PUBLIC;
  ANALYZE`;

const LIMITED_ROLES = 'SELECT rolname::text AS role FROM pg_roles WHERE rolconnlimit <> -1 ORDER BY 1';

export interface DrillServer {
  readonly server: PostgresServer;
  readonly version: string;
  readonly responderUrl: string;
  readonly canaryUrl: string;
  /** An ordinary login, for whoever asks whether ordinary clients get in. */
  readonly passerByUrl: string;
  urlOf(load: LoadSpec): string;
  /** A superuser's session that was there before the trouble: the drill's own eyes. */
  readonly eyes: pg.Client;
  /** Roles that have a connection limit. */
  limitedRoles(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Whether the server has slots for members of pg_use_reserved_connections. */
export function hasReservedSlots(major: number): boolean {
  return major >= 16;
}

/** Slots that ordinary clients never get. */
export function reservedSlotsOf({ server }: Scenario, major: number): number {
  return server.superuserReserved + (hasReservedSlots(major) ? server.reserved : 0);
}

/** All clients of a rehearsal share the server's few processors: checking a password must not be what fills it. */
const CHEAP_LOGINS = { scram_iterations: '64' } as const;

/** Starts a real server with Headroom's logins (as `headroom grants` has them), the loads' roles and a small shop. */
export async function startDrillServer(
  scenario: Scenario,
  loads: readonly LoadSpec[],
  major: PostgresMajor,
): Promise<DrillServer> {
  const { maxConnections, superuserReserved, reserved } = scenario.server;
  const server = await startPostgres({
    major,
    maxConnections,
    superuserReservedConnections: superuserReserved,
    ...(hasReservedSlots(major) ? { reservedConnections: reserved } : {}),
    settings: major >= 16 ? CHEAP_LOGINS : {},
  });
  try {
    const logins = await createLogins(server, scenario.capUsers);
    const passwords = await createRoles(server, [PASSER_BY, ...loads]);
    await createShop(server);
    const urlFor = (user: string) => server.urlFor({ user, password: passwords.get(user) ?? '', database: DATABASE });
    const eyes = new pg.Client({ connectionString: server.adminUrl, application_name: 'drill' });
    await eyes.connect();
    // The server goes before its eyes do.
    eyes.on('error', () => undefined);
    const { rows } = await eyes.query<{ server_version: string }>('SHOW server_version');
    return {
      server,
      version: rows[0]?.server_version ?? 'unknown',
      ...logins,
      passerByUrl: urlFor(PASSER_BY.user),
      urlOf: (load) => urlFor(load.user),
      eyes,
      async limitedRoles() {
        const limited = await eyes.query<{ role: string }>(LIMITED_ROLES);
        return limited.rows.map(({ role }) => role);
      },
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const POWERS = {
  ordinary: [],
  reserved: ['GRANT pg_use_reserved_connections TO'],
  superuser: ['ALTER ROLE', 'SUPERUSER'],
  replication: ['ALTER ROLE', 'REPLICATION'],
} as const satisfies Record<LoadSpec['login'], readonly string[]>;

async function createRoles(
  server: PostgresServer,
  roles: readonly Pick<LoadSpec, 'user' | 'login'>[],
): Promise<Map<string, string>> {
  const passwords = new Map<string, string>();
  await asAdmin(server.adminUrl, async (admin) => {
    for (const { user, login } of roles) {
      if (passwords.has(user)) continue;
      const password = randomBytes(12).toString('hex');
      passwords.set(user, password);
      const name = pg.escapeIdentifier(user);
      await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD ${pg.escapeLiteral(password)}`);
      const [before, after = ''] = POWERS[login];
      if (before !== undefined) await admin.query(`${before} ${name} ${after}`);
    }
    await admin.query(`CREATE DATABASE ${DATABASE}`);
  });
  return passwords;
}

async function createShop(server: PostgresServer): Promise<void> {
  const url = new URL(server.adminUrl);
  url.pathname = `/${DATABASE}`;
  await asAdmin(url.href, async (admin) => {
    await admin.query(SHOP);
  });
}

async function asAdmin(url: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
