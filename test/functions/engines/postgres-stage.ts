import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresMajor } from '../../../drill/servers/files/postgres-files.ts';
import {
  createLogins,
  startPostgres,
  type PostgresOptions,
  type PostgresServer,
} from '../../../drill/servers/postgres.ts';
import { limitStatement } from '../../../functions/core/server/limit-statement.ts';
import { quoteRole } from '../../../functions/engines/postgres/grants/role-name.ts';
import type { OpenOptions, Stage, StageClient } from './stage.ts';

/** As hostile as a name can be: quotes of both kinds, backslash, percent sign, semicolon, comment, line break. */
const LIMITABLE = `st"o'r\\m, 100%I; -- \n$$ ünï`;
const MAX_CONNECTIONS = 24;
const SUPERUSER_RESERVED = 2;
const RESERVED = 2;

export interface PostgresStage extends Stage {
  readonly server: PostgresServer;
  /** Runs one statement as the superuser, in a database. */
  administer(sql: string, database?: string): Promise<void>;
}

export async function openPostgresStage(major: PostgresMajor, options: PostgresOptions = {}): Promise<PostgresStage> {
  const hasReserve = major >= 16;
  const server = await startPostgres({
    major,
    maxConnections: MAX_CONNECTIONS,
    superuserReservedConnections: SUPERUSER_RESERVED,
    ...(hasReserve ? { reservedConnections: RESERVED } : {}),
    ...options,
    // An archive that takes nothing: who ends a backup waits for it.
    settings: { max_prepared_transactions: '2', archive_mode: 'on', ...options.settings },
  });
  const { responderUrl, canaryUrl } = await createLogins(server, [LIMITABLE, 'nobody']);
  const administrator = keepAdministrator(server.adminUrl);
  const opened = new Set<StageClient>();

  const administer = async (sql: string, database?: string) => {
    if (database === undefined) return void (await administrator.query(sql));
    const client = new pg.Client({ connectionString: withPart(server.adminUrl, { database }) });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  for (const role of ['app', 'other_app', 'blind']) await administer(`CREATE ROLE ${role} LOGIN PASSWORD '${role}'`);
  await administer(`CREATE ROLE ${pg.escapeIdentifier(LIMITABLE)} LOGIN PASSWORD 'limitable'`);
  await administer('CREATE DATABASE second');
  await administer('CREATE TABLE ledger (id int PRIMARY KEY, amount int NOT NULL)');
  await administer('INSERT INTO ledger SELECT n, 0 FROM generate_series(1, 10) AS n');
  await administer('GRANT ALL ON ledger TO app, other_app');

  const open = async ({ as = 'app', application = 'web', database = 'main' }: OpenOptions = {}) => {
    const url = {
      app: server.urlFor({ user: 'app', password: 'app' }),
      'other-app': server.urlFor({ user: 'other_app', password: 'other_app' }),
      administrator: server.adminUrl,
    }[as];
    const name = database === 'main' ? 'postgres' : database;
    const client = await openClient(withPart(url, { database: name }), application, administrator);
    opened.add(client);
    return client;
  };

  return {
    engine: 'postgres',
    server,
    administer,
    major,
    host: server.host,
    port: server.port,
    responderUrl,
    canaryUrl,
    blindUrl: server.urlFor({ user: 'blind', password: 'blind' }),
    maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
    reserved: SUPERUSER_RESERVED + (hasReserve ? RESERVED : 0),
    beyond: 0,
    responderHasReserve: hasReserve,
    shows: {
      othersToTheBlind: true,
      connectionAge: true,
      application: true,
      lastStatement: true,
      failedTransactions: true,
      blockers: true,
      holdings: true,
      precisionMs: 0,
      lockWaitPrecisionMs: 0,
      idleInTransactionAge: true,
      rowsModified: false,
      refusesByUser: true,
    },
    open,
    async fill(as = 'app') {
      const clients: StageClient[] = [];
      for (;;) {
        try {
          clients.push(await open({ as }));
        } catch (error) {
          if (error instanceof pg.DatabaseError && error.code === '53300') return clients;
          throw error;
        }
      }
    },
    withUrl: withPart,
    async limitedUrl(sessions) {
      await administer(`DROP ROLE IF EXISTS limited`);
      await administer(`CREATE ROLE limited LOGIN PASSWORD 'limited' CONNECTION LIMIT ${sessions}`);
      return server.urlFor({ user: 'limited', password: 'limited' });
    },
    limitable: {
      name: LIMITABLE,
      async open() {
        const url = server.urlFor({ user: LIMITABLE, password: 'limitable' });
        const client = await openClient(url, 'limitable', administrator);
        opened.add(client);
        return client;
      },
      async readLimit() {
        const [row] = await administrator.rows<{ limit: number }>(
          'SELECT rolconnlimit AS "limit" FROM pg_roles WHERE rolname = $1',
          [LIMITABLE],
        );
        return row === undefined || row.limit < 0 ? null : row.limit;
      },
      setLimit: (limit) => administer(limitStatement('postgres', quoteRole(LIMITABLE), limit)),
    },
    async restrictSignals(isRestricted) {
      await administer(isRestricted ? 'GRANT app TO headroom_responder' : 'REVOKE app FROM headroom_responder');
      await administer(
        isRestricted
          ? 'REVOKE pg_signal_backend FROM headroom_responder'
          : 'GRANT pg_signal_backend TO headroom_responder',
      );
    },
    restart: () => server.restart('fast'),
    async clear() {
      await Promise.all([...opened].map((client) => client.close()));
      opened.clear();
      await untilAlone(administrator);
    },
    async stop() {
      await administrator.end();
      await server.stop();
    },
  };
}

function withPart(url: string, { password, database, user }: Parameters<Stage['withUrl']>[1]): string {
  const changed = new URL(url);
  if (password !== undefined) changed.password = encodeURIComponent(password);
  if (user !== undefined) changed.username = encodeURIComponent(user);
  if (database !== undefined) changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

interface Administrator {
  /** Number of rows. */
  query(sql: string, values?: readonly unknown[]): Promise<number>;
  rows<T extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  end(): Promise<void>;
}

/** Keeps one session, so that it also gets an answer when every slot is taken; opens another after a restart. */
function keepAdministrator(url: string): Administrator {
  let kept: pg.Client | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const connect = async () => {
    const client = new pg.Client({ connectionString: url, application_name: 'stage' });
    client.on('error', () => (kept = null));
    await client.connect();
    return (kept = client);
  };
  const ask = <T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
    const turn = last.then(async () => (kept ?? (await connect())).query<T>(sql, [...values]));
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    query: async (sql, values) => (await ask(sql, values)).rowCount ?? 0,
    rows: async <T extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) =>
      (await ask<T>(sql, values)).rows,
    end: async () => kept?.end(),
  };
}

/** Backends take a moment to leave after their client has gone. */
async function untilAlone(administrator: Administrator): Promise<void> {
  await until(async () => {
    const others = await administrator.query(
      `SELECT FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND coalesce(usename, '') NOT LIKE 'headroom%'`,
    );
    return others === 0;
  });
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not happen within a minute');
    await sleep(10);
  }
}

async function openClient(url: string, application: string, administrator: Administrator): Promise<StageClient> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  let isOpen = true;
  client.on('error', () => (isOpen = false));
  client.on('end', () => (isOpen = false));
  await client.connect();
  const id = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0;
  let last: Promise<unknown> = Promise.resolve();
  const query = async (sql: string) => {
    await last;
    await client.query(sql);
  };
  /** Sends it without waiting for its end, which may be a violent one. */
  const start = async (sql: string, sign: string) => {
    last = client.query(sql).catch(() => undefined);
    await until(
      async () => (await administrator.query(`SELECT FROM pg_stat_activity WHERE pid = $1 AND ${sign}`, [id])) === 1,
    );
  };
  return {
    id,
    get isOpen() {
      return isOpen;
    },
    query,
    begin: () => query('BEGIN; SELECT 1'),
    fail: async () => {
      await query('BEGIN');
      await query('SELECT 1 / 0').catch(() => undefined);
    },
    commit: () => query('COMMIT'),
    lockRow: (row) => query(`UPDATE ledger SET amount = amount + 1 WHERE id = ${row}`),
    startWaitingForRow: (row) =>
      start(`UPDATE ledger SET amount = amount + 1 WHERE id = ${row}`, `wait_event_type = 'Lock'`),
    startQuery: (seconds) => start(`SELECT pg_sleep(${seconds})`, `wait_event = 'PgSleep'`),
    startIgnoringCancel: () =>
      start(
        `DO $$ BEGIN LOOP
           BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END;
         END LOOP; END $$`,
        `wait_event = 'PgSleep'`,
      ),
    holdAdvisoryLock: (key = 7) => query(`SELECT pg_advisory_lock(${key})`),
    startWaitingForAdvisoryLock: (key) => start(`SELECT pg_advisory_lock(${key})`, `wait_event = 'advisory'`),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      // A session that is busy does not hear a goodbye.
      await administrator.query('SELECT pg_terminate_backend($1)', [id]);
      await client.end().catch(() => undefined);
    },
  };
}
