import mysql from 'mysql2/promise';
import pg from 'pg';
import { createMysqlLogins } from '../drill/servers/mysql-logins.ts';
import { startMysql } from '../drill/servers/mysql.ts';
import { createLogins, startPostgres } from '../drill/servers/postgres.ts';
import { ARRIVED_MS } from '../functions/core/server/consumer-count.ts';
import { LONG_QUERY_MS } from '../functions/core/server/snapshot.ts';
import type { Login } from '../functions/engines/shared/engine.ts';
import { connectResponder } from '../functions/engines/mysql/connect/connect.ts';
import { LOCK_NAME } from '../functions/engines/mysql/connect/server-lock.sql.ts';
import { limits } from '../functions/engines/mysql/look/limits.sql.ts';
import { createSessionReader } from '../functions/engines/mysql/sessions/session-reader.ts';
import { COUNTERS, LIMITS } from '../functions/engines/postgres/look/limits.sql.ts';
import { USAGE } from '../functions/engines/postgres/look/usage.sql.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { middle } from './median.ts';
import { printTable } from './table.ts';

const SESSIONS = 300;
const CONSUMERS = 50;
/** Processes of one consumer, each with a name of its own. */
const PROCESSES = 3;
const RUNS = 300;
/** InnoDB shows what it has open anew only after a rest; the worker waits for it, the server does not work. */
const REST_MS = 120;
const MYSQL_RUNS = 60;

/**
 * What it costs the server that a sample names consumers: the sample against one without them, in turns, with 300
 * sessions of 50 consumers. The aim is at most 1.3 times.
 */
export async function benchSamples(): Promise<void> {
  const rows = [await comparePostgres(), await compareMysql('mysql'), await compareMysql('mariadb')];
  printTable('A sample with consumers', ['server', 'without ms', 'with ms', 'with / without'], rows);
}

function nameOf(index: number): string {
  const consumer =
    String.fromCharCode(97 + (index % 26)) + String.fromCharCode(97 + Math.floor((index % CONSUMERS) / 26));
  return `service-${consumer}-${Math.floor(index / CONSUMERS) % PROCESSES}`;
}

/** What a sample read before it named consumers. */
const WITHOUT_CONSUMERS = /* SQL */ `
  SELECT
    state,
    count(*)::int AS sessions,
    round(max(query_ms) FILTER (WHERE state = 'active'))::float8 AS longest_query_ms,
    round(max(transaction_ms))::float8 AS longest_transaction_ms,
    (count(*) FILTER (WHERE state = 'active' AND query_ms >= $1::float8))::int AS long_queries,
    (count(*) FILTER (WHERE wait_event_type = 'Lock'))::int AS blocked,
    (count(*) FILTER (WHERE is_responder))::int AS responder_sessions
  FROM (
    SELECT
      state,
      wait_event_type,
      usename = session_user AS is_responder,
      CASE WHEN pid <> pg_backend_pid() THEN extract(epoch FROM clock_timestamp() - query_start) * 1000 END
        AS query_ms,
      CASE WHEN pid <> pg_backend_pid() THEN extract(epoch FROM clock_timestamp() - xact_start) * 1000 END
        AS transaction_ms
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL)
  ) AS clients
  GROUP BY state`;

async function comparePostgres(): Promise<string[]> {
  const server = await startPostgres({ major: 18, maxConnections: SESSIONS + 20 });
  const { responderUrl } = await createLogins(server);
  const clients = Array.from(
    { length: SESSIONS },
    (_, index) => new pg.Client({ connectionString: server.adminUrl, application_name: nameOf(index) }),
  );
  for (const client of clients) await client.connect();
  await Promise.all(clients.map((client, index) => client.query(index % 4 === 0 ? 'BEGIN' : 'SELECT 1')));
  const worker = new pg.Client(responderUrl);
  await worker.connect();
  const sampleBy = async (sql: string, values: unknown[]) => {
    await worker.query(LIMITS.sql);
    await worker.query(COUNTERS.sql);
    await worker.query(sql, values);
  };
  const taken = await inTurns(RUNS, 0, [
    () => sampleBy(WITHOUT_CONSUMERS, [LONG_QUERY_MS]),
    () => sampleBy(USAGE.sql, [LONG_QUERY_MS, ARRIVED_MS]),
  ]);
  await Promise.all([worker, ...clients].map((client) => client.end()));
  await server.stop();
  return ['PostgreSQL 18', ...compared(taken)];
}

async function compareMysql(flavour: 'mysql' | 'mariadb'): Promise<string[]> {
  const server = await startMysql({ flavour, maxConnections: SESSIONS + 20 });
  const { responderUrl } = await createMysqlLogins(server);
  const clients: mysql.Connection[] = [];
  for (let index = 0; index < SESSIONS; index++) {
    const connectAttributes = { program_name: nameOf(index) };
    clients.push(await mysql.createConnection({ uri: server.adminUrl, connectAttributes }));
  }
  await Promise.all(clients.map((client, index) => client.query(index % 4 === 0 ? 'BEGIN' : 'SELECT 1')));
  const admitted = await connectResponder(
    loginOf(responderUrl),
    { instance: '', canaryUser: null, statements: 'verb' },
    5_000,
  );
  const reader = createSessionReader(admitted);
  const sample = async () => {
    await admitted.connection.query(limits(admitted.features), [LOCK_NAME], 5_000);
    await reader.readUsage({ ids: null, withStatements: false }, 5_000);
  };
  const taken = await inTurns(MYSQL_RUNS, REST_MS, [
    sample,
    async () => {
      await sample();
      await reader.readApplications(5_000);
    },
  ]);
  admitted.connection.close();
  await Promise.all(clients.map((client) => client.end()));
  await server.stop();
  return [`${flavour === 'mysql' ? 'MySQL' : 'MariaDB'} ${server.version}`, ...compared(taken)];
}

function loginOf(url: string): Login {
  const { hostname, port, username, password } = new URL(url);
  const tls = { mode: 'disable', ca: null } as const;
  return { host: hostname, port: Number(port), database: '', user: username, password, tls };
}

async function inTurns(runs: number, restMs: number, works: readonly (() => Promise<void>)[]): Promise<number[][]> {
  const taken = works.map((): number[] => []);
  for (let run = 0; run < runs; run++) {
    for (const [index, work] of works.entries()) {
      await sleep(restMs);
      const startedAt = performance.now();
      await work();
      taken[index]?.push(performance.now() - startedAt);
    }
  }
  return taken;
}

function compared([without = [], withConsumers = []]: readonly number[][]): string[] {
  const [before, now] = [middle(without), middle(withConsumers)];
  return [before.toFixed(2), now.toFixed(2), (now / before).toFixed(2)];
}
