import pg from 'pg';
import { createLogins, startPostgres, type PostgresServer } from '../drill/servers/postgres.ts';
import type { Session } from '../functions/core/session.ts';
import { SCHEMA } from '../functions/core/worker-protocol.ts';
import { LIMITS } from '../functions/engines/postgres/limits.sql.ts';
import { LOCK_KEY } from '../functions/engines/postgres/server-lock.sql.ts';
import { LISTEN_PATTERN, SESSIONS } from '../functions/engines/postgres/sessions.sql.ts';
import { createWorker, type Worker } from '../functions/worker/worker.ts';
import { middle } from './median.ts';
import { printTable } from './table.ts';

const SNAPSHOT_RUNS = 21;
const KILL_RUNS = 5;
/** What one tier may end at once. */
const KILL_SHARE = 0.3;

/**
 * The worker against the same SQL by hand, in the same run: a snapshot (without the canary's login) against its two
 * statements, and ending 30 % of the sessions against one unguarded statement plus looking until they are gone.
 * Aim: at most 1.3 times.
 */
export async function benchWorker(): Promise<void> {
  const rows: string[][] = [];
  for (const count of [100, 1_000]) {
    const bed = await openBed(count);
    try {
      rows.push(['snapshot', String(count), ...(await compareSnapshots(bed))]);
      rows.push(['end 30 %', String(count), ...(await compareKills(bed))]);
    } finally {
      await bed.close();
    }
  }
  printTable('The worker on PostgreSQL 18', ['what', 'sessions', 'worker ms', 'raw SQL ms', 'worker / raw'], rows);
}

interface Bed {
  readonly worker: Worker;
  /** Logged in as the responder too. */
  readonly byHand: pg.Client;
  readonly refill: () => Promise<void>;
  readonly close: () => Promise<void>;
}

async function openBed(count: number): Promise<Bed> {
  const server = await startPostgres({ major: 18, maxConnections: count + 20 });
  const { responderUrl } = await createLogins(server);
  await runAsAdmin(server, "CREATE ROLE app LOGIN PASSWORD 'app'");
  const worker = await createWorker(
    {
      engine: 'postgres',
      instance: 'bench',
      host: null,
      port: null,
      database: null,
      auth: { mode: 'url', variable: 'RESPONDER', canaryVariable: null },
      tls: { mode: 'disable', ca: null },
      statements: 'redacted',
    },
    { env: { RESPONDER: responderUrl }, folder: '/' },
  );
  const byHand = new pg.Client(responderUrl);
  await byHand.connect();
  const clients = new Set<pg.Client>();
  const refill = async () => {
    while (clients.size < count) {
      const client = new pg.Client(server.urlFor({ user: 'app', password: 'app' }));
      client.on('error', () => clients.delete(client));
      client.on('end', () => clients.delete(client));
      await client.connect();
      await client.query('SELECT 1');
      clients.add(client);
    }
  };
  await refill();
  return {
    worker,
    byHand,
    refill,
    async close() {
      worker.close();
      await byHand.end();
      await Promise.all([...clients].map((client) => client.end()));
      await server.stop();
    },
  };
}

async function runAsAdmin(server: PostgresServer, sql: string): Promise<void> {
  const admin = new pg.Client(server.adminUrl);
  await admin.connect();
  await admin.query(sql);
  await admin.end();
}

async function compareSnapshots({ worker, byHand }: Bed): Promise<string[]> {
  const ours: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run < SNAPSHOT_RUNS; run++) {
    ours.push(await timed(() => snapshotOf(worker)));
    raw.push(await timed(() => lookByHand(byHand)));
  }
  return compared(ours, raw);
}

async function lookByHand(byHand: pg.Client): Promise<void> {
  await byHand.query(LIMITS.sql, [true, ...LOCK_KEY]);
  await byHand.query(SESSIONS.sql, [LISTEN_PATTERN, []]);
}

async function compareKills({ worker, byHand, refill }: Bed): Promise<string[]> {
  const ours: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run < KILL_RUNS; run++) {
    await refill();
    const idle = (await snapshotOf(worker)).filter(({ user }) => user === 'app');
    const victims = idle.slice(0, Math.ceil(idle.length * KILL_SHARE));
    ours.push(await timed(() => endByWorker(worker, victims)));
    await refill();
    raw.push(await timed(() => endByHand(byHand, victims.length)));
  }
  return compared(ours, raw);
}

async function snapshotOf(worker: Worker): Promise<readonly Session[]> {
  const answer = await worker.answer({
    schema: SCHEMA,
    kind: 'snapshot',
    deadline: Date.now() + 30_000,
    patienceMs: 0,
  });
  if (!answer.ok || !('snapshot' in answer)) throw new Error(`no snapshot: ${JSON.stringify(answer).slice(0, 200)}`);
  return answer.snapshot.sessions;
}

async function endByWorker(worker: Worker, victims: readonly Session[]): Promise<void> {
  const answer = await worker.answer({
    schema: SCHEMA,
    kind: 'end',
    deadline: Date.now() + 30_000,
    graceMs: 0,
    victims: victims.map(({ identity, queryMark }) => ({
      identity,
      method: 'terminate',
      expect: {
        state: 'idle',
        minStateMs: 0,
        transactionMark: null,
        queryMark,
        blocksOthers: false,
        holdsNothing: true,
      },
    })),
  });
  const isDone = answer.ok && 'endings' in answer && answer.endings.every(({ result }) => result === 'ended');
  if (!isDone) throw new Error(`not all ended: ${JSON.stringify(answer).slice(0, 200)}`);
}

async function endByHand(byHand: pg.Client, count: number): Promise<void> {
  const { rows } = await byHand.query<{ pid: number }>(
    `SELECT pid, pg_terminate_backend(pid)
     FROM (SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND state = 'idle' LIMIT $1) AS victims`,
    [count],
  );
  const pids = rows.map(({ pid }) => pid);
  const left = 'SELECT FROM pg_stat_activity WHERE pid = ANY ($1)';
  while ((await byHand.query(left, [pids])).rowCount !== 0);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function compared(ours: readonly number[], raw: readonly number[]): string[] {
  return [middle(ours).toFixed(1), middle(raw).toFixed(1), (middle(ours) / middle(raw)).toFixed(2)];
}
