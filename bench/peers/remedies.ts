import mysql, { type RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import type { DrillServer } from '../../drill/target/drill-server.ts';
import type { PtKill } from './pt-kill.ts';

/** What a person might do instead of Headroom, when the alarm goes off. */
export interface Remedy {
  readonly name: string;
  apply(server: DrillServer): Promise<void>;
}

/** As compressed as the rehearsals' policies: what counts as idle, or as long, in seconds. */
const AGE_SECONDS = 3;
const PT_KILL_SECONDS = 8;

/**
 * pt-kill as its documentation has it for this purpose: everything that sleeps for too long, or every query that runs
 * for too long, once a second. As an administrator, for whom the server keeps a slot.
 */
export function ptKill(program: PtKill, what: 'idle' | 'busy'): Remedy {
  const match =
    what === 'idle'
      ? ['--match-command', 'Sleep', '--idle-time', String(AGE_SECONDS)]
      : ['--match-command', 'Query|Execute', '--busy-time', String(AGE_SECONDS)];
  return {
    name: program.version,
    apply: (server) =>
      program.run(server.adminUrl, PT_KILL_SECONDS, ['--kill', '--victims', 'all', '--interval', '1', ...match]),
  };
}

/**
 * The runbooks' first commands, in their own words: PostgreSQL ends what is idle and old as a connection, MySQL
 * everything that sleeps for too long; then queries that run for too long.
 */
export const runbook: Remedy = {
  name: 'runbook, manually',
  async apply(server) {
    if (server.choice.engine === 'postgres') await endByRunbookOnPostgres(server);
    else await endByRunbookOnMysql(server);
  },
};

async function endByRunbookOnPostgres({ adminUrl }: DrillServer): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  // The one addition: without it, the comparison's own session would be ended too.
  await client.query(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE state = 'idle' AND backend_start < now() - interval '${AGE_SECONDS} seconds' AND pid <> pg_backend_pid()
      AND application_name <> 'drill'`);
  await client.query(`
    SELECT pg_cancel_backend(pid) FROM pg_stat_activity
    WHERE state = 'active' AND query_start < now() - interval '${AGE_SECONDS} seconds'
      AND query NOT LIKE '%pg_stat_activity%'`);
  await client.end();
}

async function endByRunbookOnMysql({ adminUrl }: DrillServer): Promise<void> {
  const connection = await mysql.createConnection({ uri: adminUrl });
  const [rows] = await connection.query<(RowDataPacket & { id: number })[]>(
    `SELECT id FROM information_schema.PROCESSLIST
     WHERE user <> 'root' AND time >= ${AGE_SECONDS} AND command NOT IN ('Binlog Dump', 'Daemon')`,
  );
  for (const { id } of rows) await connection.query(`KILL ${id}`).catch(() => undefined);
  await connection.end();
}
