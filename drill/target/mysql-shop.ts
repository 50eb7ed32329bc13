import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { STUBBORN_PROCEDURE } from '../clients/mysql-client.ts';
import type { LoadSpec } from '../loads/load-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { FLAVOUR_FACTS } from '../servers/files/mysql-flavours.ts';
import { createMysqlLogins } from '../servers/mysql-logins.ts';
import { startMysql, type MysqlServer } from '../servers/mysql.ts';
import type { DrillServer } from './drill-server.ts';
import { slotsOf, type ServerChoice } from './server-choice.ts';
import { createRoles, DATABASE, ORDERS, PASSER_BY, type Role } from './shop.ts';

const orders = Array.from({ length: ORDERS }, (_, index) => [index + 1, (index + 1) % 1000, (index + 1) % 97]);

const SHOP = [
  `CREATE DATABASE ${DATABASE}`,
  `USE ${DATABASE}`,
  'CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, total INT NOT NULL, KEY (customer))',
  `INSERT INTO orders VALUES ${mysql.escape(orders)}`,
  'CREATE TABLE stock (item INT PRIMARY KEY, left_over INT NOT NULL)',
  'INSERT INTO stock VALUES (1, 1000000)',
  'ANALYZE TABLE orders, stock',
  STUBBORN_PROCEDURE,
];

/** Like RDS's own: MySQL with performance_schema, MariaDB without, both with a log that a standby can follow. */
export async function startMysqlShop(
  scenario: Scenario,
  loads: readonly LoadSpec[],
  choice: ServerChoice & { readonly engine: 'mysql' | 'mariadb' },
): Promise<DrillServer> {
  const server = await startMysql({
    flavour: choice.engine,
    maxConnections: slotsOf(scenario, choice).maxConnections,
    settings: { 'log-bin': 'binlog', 'server-id': '1' },
  });
  try {
    return await furnish(server, loads, choice, scenario.limitableUsers);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function furnish(
  server: MysqlServer,
  loads: readonly LoadSpec[],
  choice: ServerChoice,
  limitableUsers: Scenario['limitableUsers'],
): Promise<DrillServer> {
  const logins = await createMysqlLogins(server, { limitableUsers });
  const eyes = await mysql.createConnection({ uri: server.adminUrl, connectAttributes: { program_name: 'drill' } });
  // The server goes before its eyes do.
  eyes.on('error', () => undefined);
  for (const sql of SHOP) await eyes.query(sql);
  const passwords = await createRoles(loads, (role, password) => createRole(eyes, role, password));
  const urlFor = (user: string) => server.urlFor({ user, password: passwords.get(user) ?? '', database: DATABASE });
  return {
    choice,
    title: `${FLAVOUR_FACTS[server.flavour].title} ${server.version}`,
    adminUrl: server.adminUrl,
    ...logins,
    passerByUrl: urlFor(PASSER_BY.user),
    urlOf: (load) => urlFor(load.user),
    async countUsed() {
      const [rows] = await eyes.query<(RowDataPacket & { Value: string })[]>(
        `SHOW GLOBAL STATUS LIKE 'Threads_connected'`,
      );
      return Number(rows[0]?.Value);
    },
    async limitedUsers() {
      const [rows] = await eyes.query<(RowDataPacket & { User: string })[]>(
        'SELECT User FROM mysql.user WHERE max_user_connections <> 0 ORDER BY 1',
      );
      return rows.map(({ User }) => User);
    },
    async asAdmin(sql) {
      await eyes.query(sql);
    },
    stop: () => server.stop(),
  };
}

/** What a login may do beside what the shop allows everybody. */
const POWERS = {
  ordinary: null,
  owner: 'ALTER',
  // No such thing here; loads that need it are left out.
  reserved: null,
  superuser: 'ALL PRIVILEGES',
  replication: 'REPLICATION SLAVE',
} as const satisfies Record<LoadSpec['login'], string | null>;

async function createRole(
  admin: Connection,
  { user, login, connectionLimit = 0 }: Role,
  password: string,
): Promise<void> {
  const account = `${mysql.escape(user)}@'%'`;
  const limit = `MAX_USER_CONNECTIONS ${connectionLimit}`;
  await admin.query(`CREATE USER ${account} IDENTIFIED BY ${mysql.escape(password)} WITH ${limit}`);
  await admin.query(`GRANT SELECT, UPDATE, EXECUTE ON ${DATABASE}.* TO ${account}`);
  const power = POWERS[login];
  if (power !== null) await admin.query(`GRANT ${power} ON *.* TO ${account}`);
}
