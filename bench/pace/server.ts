import mysql, { type RowDataPacket } from 'mysql2/promise';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { FLAVOUR_FACTS } from '../../drill/servers/files/mysql-flavours.ts';
import { createMysqlLogins } from '../../drill/servers/mysql-logins.ts';
import { startMysql } from '../../drill/servers/mysql.ts';
import { createLogins, startPostgres } from '../../drill/servers/postgres.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

/** A real server of 100 slots with the load's users and a table. */
export interface PaceServer {
  readonly title: string;
  readonly responderUrl: string;
  readonly canaryUrl: string;
  /** Slots for clients. */
  readonly usable: number;
  urlOf(user: string): string;
  /** Slots taken, without Headroom's and the bench's own sessions, read on a session that was there before. */
  countUsed(): Promise<number>;
  stop(): Promise<void>;
}

export const MAX_CONNECTIONS = 100;
const SUPERUSER_RESERVED = 3;
const OWN_USERS = "('postgres', 'root', 'headroom_responder', 'headroom_canary')";
const SHOP = [
  'CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL)',
  'CREATE TABLE stock (item INT PRIMARY KEY, left_over INT NOT NULL)',
  'INSERT INTO stock VALUES (1, 1000), (2, 1000)',
];

export function startPaceServer(
  engine: EngineName,
  users: readonly string[],
  limitable: readonly string[],
): Promise<PaceServer> {
  return engine === 'postgres' ? startPostgresFor(users, limitable) : startMysqlFor(engine, users, limitable);
}

async function startPostgresFor(users: readonly string[], limitable: readonly string[]): Promise<PaceServer> {
  const server = await startPostgres({
    major: 18,
    maxConnections: MAX_CONNECTIONS,
    superuserReservedConnections: SUPERUSER_RESERVED,
  });
  const eyes = new pg.Client({ connectionString: server.adminUrl, application_name: 'bench' });
  eyes.on('error', () => undefined);
  await eyes.connect();
  const passwords = newPasswords(users);
  for (const [user, password] of passwords) await eyes.query(`CREATE ROLE ${user} LOGIN PASSWORD '${password}'`);
  const logins = await createLogins(server, limitable);
  for (const sql of SHOP) await eyes.query(sql);
  await eyes.query(`INSERT INTO orders SELECT n, n % 1000 FROM generate_series(1, 5000) n`);
  await eyes.query('GRANT ALL ON orders, stock TO PUBLIC');
  return {
    title: 'PostgreSQL 18',
    ...logins,
    usable: MAX_CONNECTIONS - SUPERUSER_RESERVED,
    urlOf: (user) => server.urlFor({ user, password: passwords.get(user) ?? '' }),
    async countUsed() {
      const { rows } = await eyes.query<{ used: number }>(
        `SELECT count(*)::int AS used FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND usename NOT IN ${OWN_USERS}`,
      );
      return rows[0]?.used ?? 0;
    },
    stop: () => server.stop(),
  };
}

async function startMysqlFor(
  flavour: 'mysql' | 'mariadb',
  users: readonly string[],
  limitable: readonly string[],
): Promise<PaceServer> {
  const server = await startMysql({ flavour, maxConnections: MAX_CONNECTIONS });
  const eyes = await mysql.createConnection({ uri: server.adminUrl, connectAttributes: { program_name: 'bench' } });
  eyes.on('error', () => undefined);
  for (const sql of ['CREATE DATABASE shop', 'USE shop', ...SHOP]) await eyes.query(sql);
  const orders = Array.from({ length: 5000 }, (_, index) => [index + 1, index % 1000]);
  await eyes.query('INSERT INTO orders VALUES ?', [orders]);
  const passwords = newPasswords(users);
  for (const [user, password] of passwords) {
    await eyes.query(`CREATE USER ${user}@'%' IDENTIFIED BY '${password}'`);
    await eyes.query(`GRANT ALL ON shop.* TO ${user}@'%'`);
  }
  const logins = await createMysqlLogins(server, { limitableUsers: limitable });
  return {
    title: `${FLAVOUR_FACTS[flavour].title} ${server.version}`,
    ...logins,
    // The bench's own session takes one.
    usable: MAX_CONNECTIONS,
    urlOf: (user) => server.urlFor({ user, password: passwords.get(user) ?? '', database: 'shop' }),
    async countUsed() {
      const [rows] = await eyes.query<(RowDataPacket & { used: number })[]>(
        `SELECT COUNT(*) AS used FROM information_schema.processlist
         WHERE user NOT IN ${OWN_USERS} AND user NOT IN ('system user', 'event_scheduler')`,
      );
      return Number(rows[0]?.used ?? 0);
    },
    stop: () => server.stop(),
  };
}

function newPasswords(users: readonly string[]): ReadonlyMap<string, string> {
  return new Map(users.map((user) => [user, randomBytes(12).toString('hex')]));
}
