import mysql, { type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { createMysqlLogins } from '../../drill/servers/mysql-logins.ts';
import { startMysql } from '../../drill/servers/mysql.ts';
import { createLogins, startPostgres } from '../../drill/servers/postgres.ts';
import { UNBOUNDED } from '../../functions/core/policy/bounds.ts';
import type { WorkerSettings } from '../../functions/core/protocol/worker-settings.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';
import { LIMITS } from '../../functions/engines/postgres/look/limits.sql.ts';
import { SESSIONS } from '../../functions/engines/postgres/look/sessions.sql.ts';
import { startCrowd, type Crowd } from './crowd.ts';

/** A server with a crowd of idle sessions, and a session for SQL that a person would type. */
export interface Bed {
  readonly title: string;
  readonly engine: EngineName;
  readonly responderUrl: string;
  readonly crowd: Crowd;
  /** What a person would read. */
  snapshotManually(): Promise<unknown>;
  /** Ends so many idle sessions without checking them first, and waits until they are gone. */
  endManually(count: number): Promise<void>;
  close(): Promise<void>;
}

export const BED_USER = 'app';

/** For a worker in this process. */
export function workerSettingsOf({ engine }: Pick<Bed, 'engine'>): WorkerSettings {
  return {
    engine,
    instance: 'bench',
    host: null,
    port: null,
    database: null,
    auth: { mode: 'url', variable: 'RESPONDER', canaryVariable: null },
    tls: { mode: 'disable', ca: null },
    statements: 'redacted',
    bounds: UNBOUNDED,
  };
}

export async function openBed(engine: EngineName, count: number): Promise<Bed> {
  const bed = engine === 'postgres' ? await openPostgresBed(count) : await openMysqlBed(engine, count);
  await bed.crowd.refill();
  return bed;
}

async function openPostgresBed(count: number): Promise<Bed> {
  const server = await startPostgres({ major: 18, maxConnections: count + 20 });
  const { responderUrl } = await createLogins(server);
  const admin = new pg.Client(server.adminUrl);
  await admin.connect();
  await admin.query(`CREATE ROLE ${BED_USER} LOGIN PASSWORD '${BED_USER}'`);
  await admin.end();
  const hand = new pg.Client(responderUrl);
  await hand.connect();
  const crowd = startCrowd('postgres', server.urlFor({ user: BED_USER, password: BED_USER }), count);
  return {
    title: 'PostgreSQL 18',
    engine: 'postgres',
    responderUrl,
    crowd,
    // The worker's own two statements: no shorter ones return the same.
    async snapshotManually() {
      await hand.query(LIMITS.sql, [true]);
      return hand.query(SESSIONS.sql, [[]]);
    },
    async endManually(wanted) {
      const { rows } = await hand.query<{ pid: number }>(
        `SELECT pid, pg_terminate_backend(pid)
         FROM (SELECT pid FROM pg_stat_activity WHERE usename = $1 AND state = 'idle' LIMIT $2) AS victims`,
        [BED_USER, wanted],
      );
      const pids = rows.map(({ pid }) => pid);
      while ((await hand.query('SELECT FROM pg_stat_activity WHERE pid = ANY ($1)', [pids])).rowCount !== 0);
    },
    async close() {
      await crowd.stop();
      await hand.end();
      await server.stop();
    },
  };
}

type Ids = (RowDataPacket & { id: number })[];

async function openMysqlBed(flavour: 'mysql' | 'mariadb', count: number): Promise<Bed> {
  const server = await startMysql({ flavour, maxConnections: count + 20 });
  const { responderUrl } = await createMysqlLogins(server);
  const hand = await mysql.createConnection({ uri: server.adminUrl });
  await hand.query(`CREATE USER ${BED_USER} IDENTIFIED BY '${BED_USER}'`);
  const crowd = startCrowd(flavour, server.urlFor({ user: BED_USER, password: BED_USER }), count);
  return {
    title: `${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} ${server.version}`,
    engine: flavour,
    responderUrl,
    crowd,
    async snapshotManually() {
      await hand.query('SHOW FULL PROCESSLIST');
      return hand.query('SELECT * FROM information_schema.INNODB_TRX');
    },
    async endManually(wanted) {
      const [rows] = await hand.query<Ids>(
        `SELECT id FROM information_schema.PROCESSLIST WHERE user = ? AND command = 'Sleep' LIMIT ?`,
        [BED_USER, wanted],
      );
      const ids = rows.map(({ id }) => id);
      for (const id of ids) await hand.query('KILL ?', [id]);
      const left = async () =>
        (await hand.query<Ids>('SELECT id FROM information_schema.PROCESSLIST WHERE id IN (?)', [ids]))[0].length;
      while ((await left()) !== 0);
    },
    async close() {
      await crowd.stop();
      await hand.end();
      await server.stop();
    },
  };
}
