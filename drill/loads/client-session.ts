import pg from 'pg';
import type { LoadMessage, LoadOrder } from './load-spec.ts';

/** One session of a load, as its client holds it. */
export interface ClientSession {
  readonly pid: number;
  /** Settles when the session is over, whoever ended it. */
  readonly over: Promise<void>;
  isAlive(): boolean;
  /** The rows; null when the statement failed. The failure has been reported. */
  run(sql: string, values?: readonly unknown[]): Promise<readonly unknown[] | null>;
  close(): Promise<void>;
}

/** As Headroom identifies sessions, so that labels and records can be compared. */
const WHO_AM_I = `
  SELECT pid, extract(epoch FROM backend_start)::text AS incarnation
  FROM pg_stat_activity
  WHERE pid = pg_backend_pid()`;

/** `too_many_connections`, and its like for one role or database. */
const REFUSED = '53300';
/** `admin_shutdown`: somebody ended the session. */
const TERMINATED = '57P01';

/**
 * Opens one session and reports it. Null when the server has no slot for it. Throws when the login fails for any other
 * reason: the drill's own fault.
 */
export async function openSession(
  { spec, url }: LoadOrder,
  purpose: string,
  report: (message: LoadMessage) => void,
): Promise<ClientSession | null> {
  const config = { connectionString: url, application_name: spec.application, connectionTimeoutMillis: 10_000 };
  const client = new pg.Client(spec.behaviour === 'replication' ? withReplication(config) : config);
  let lastCode = '';
  client.on('error', (error) => {
    lastCode = codeOf(error);
  });
  try {
    await client.connect();
  } catch (error) {
    if (codeOf(error) !== REFUSED) throw error;
    report({ type: 'refused', code: REFUSED });
    return null;
  }

  let isAlive = true;
  let isClosing = false;
  let wasTerminated = false;
  let pid = 0;
  const over = new Promise<void>((resolve) => {
    client.once('end', () => {
      isAlive = false;
      const isOurs = isClosing && !wasTerminated;
      report(isOurs ? { type: 'closed', pid } : { type: 'lost', pid, code: lastCode || 'connection-reset' });
      resolve();
    });
  });
  const { rows } = await client.query<{ pid: number; incarnation: string }>(WHO_AM_I);
  const [identity] = rows;
  if (identity === undefined) throw new Error('the server does not show a session its own row');
  pid = identity.pid;
  report({ type: 'opened', ...identity, purpose });

  return {
    pid,
    over,
    isAlive: () => isAlive,
    async run(sql, values) {
      try {
        return (await client.query<Record<string, unknown>>(sql, values === undefined ? undefined : [...values])).rows;
      } catch (error) {
        lastCode = codeOf(error);
        // The load may close it before it hears that it is over; the server ended it all the same.
        wasTerminated = !(error instanceof pg.DatabaseError) || error.code === TERMINATED;
        if (!isClosing) report({ type: 'failed', pid, code: lastCode });
        return null;
      }
    },
    async close() {
      isClosing = true;
      await client.end();
    },
  };
}

/** The driver hands `replication` on to the server, though its types do not know the field. */
function withReplication(config: pg.ClientConfig): pg.ClientConfig {
  return Object.assign(config, { replication: 'database' });
}

/** SQLSTATE or the system's error code; the error's name when it has neither. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
