import { connect as connectSocket, Socket } from 'node:net';
import pg from 'pg';
import {
  codeOf,
  type Client,
  type Connection,
  type Dialect,
  type Failure,
  type HalfOpen,
  type Login,
} from './client.ts';
import { holdOpen } from './half-open.ts';

const dialect: Dialect = {
  sleep: (seconds) => `pg_sleep(${seconds.toFixed(3)})`,
  beginSnapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ',
  failTransaction: 'SELECT 1 / 0',
  endlessQuery: 'SELECT count(*), pg_sleep(3600) FROM orders',
  stubbornQuery: `DO $$ BEGIN
    LOOP
      BEGIN PERFORM pg_sleep(3600); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP;
  END $$`,
  migrate: 'ALTER TABLE stock ADD COLUMN note text',
};

/** The function behind pg_stat_activity: the view takes a new session longer than its login. */
const WHO_AM_I = `
  SELECT pid AS id, extract(epoch FROM backend_start)::text AS incarnation
  FROM pg_stat_get_activity(pg_backend_pid())`;

export const postgresClient: Client = { dialect, connect, beginLogin, failureOf };

async function connect({ url, application, address, forReplication = false }: Login): Promise<Connection> {
  const config = {
    connectionString: url,
    application_name: application,
    connectionTimeoutMillis: 10_000,
    ...(address !== undefined && { stream: () => socketFrom(address) }),
  };
  const client = new pg.Client(forReplication ? withReplication(config) : config);
  let lastWords = '';
  client.on('error', (error) => {
    lastWords = codeOf(error);
  });
  await client.connect();
  const over = new Promise<string>((resolve) => client.once('end', () => resolve(lastWords)));
  const {
    rows: [identity],
  } = await client.query<Connection['identity']>(WHO_AM_I);
  if (identity === undefined) throw new Error('the server does not show a session its own row');

  const query = async (sql: string, values: readonly unknown[] = []) => {
    let count = 0;
    // A statement without parameters may be several, or a replication command.
    if (values.length === 0) return (await client.query<Record<string, unknown>>(sql)).rows;
    const numbered = sql.replaceAll('?', () => `$${++count}`);
    return (await client.query<Record<string, unknown>>(numbered, [...values])).rows;
  };
  return {
    identity,
    over,
    query,
    async replicate() {
      const [{ xlogpos } = {}] = await query('IDENTIFY_SYSTEM');
      if (typeof xlogpos !== 'string' || !/^[0-9A-F]+\/[0-9A-F]+$/.test(xlogpos))
        throw new Error(`the server names no place in its log: ${JSON.stringify(xlogpos)}`);
      // Streams until the session is over; a replication command takes no parameters.
      query(`START_REPLICATION PHYSICAL ${xlogpos}`).catch(() => undefined);
    },
    close: () => client.end(),
  };
}

/** The driver says where to; only the socket itself can say from where. */
function socketFrom(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  return Object.assign(socket, {
    connect: (port: number, host: string) => connect({ port, host, localAddress }),
  });
}

/** Sends the startup packet of protocol 3.0 and leaves the question for the password unanswered. */
async function beginLogin({ url }: Login): Promise<HalfOpen | null> {
  const { hostname, port, username, pathname } = new URL(url);
  const body = Buffer.from(`\0\x03\0\0user\0${username}\0database\0${pathname.slice(1)}\0\0`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + length.length);
  const socket = connectSocket({ host: hostname, port: Number(port) });
  socket.write(Buffer.concat([length, body]));
  return holdOpen(socket, (message) => message.toString('latin1', 0, 1) === 'R');
}

/** The driver hands `replication` on to the server, though its types do not know the field. */
function withReplication(config: pg.ClientConfig): pg.ClientConfig {
  return Object.assign(config, { replication: 'database' });
}

function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  // `too_many_connections`, and its like for one role or database.
  if (code === '53300') return { kind: 'refused', code };
  if (code === '57014') return { kind: 'cancelled', code };
  // `admin_shutdown`: the session was ended by another.
  const isLost = !(error instanceof pg.DatabaseError) || code === '57P01';
  return { kind: isLost ? 'lost' : 'other', code };
}
