import mysql, { type RowDataPacket } from 'mysql2/promise';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
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

/** A procedure of the shop: its handler takes a KILL QUERY for an error like any other. */
export const STUBBORN_PROCEDURE = `
  CREATE PROCEDURE ignore_cancel()
  LOOP
    BEGIN
      DECLARE CONTINUE HANDLER FOR 1317 DO 0;
      DO SLEEP(3600);
    END;
  END LOOP`;

const dialect: Dialect = {
  sleep: (seconds) => `SLEEP(${seconds.toFixed(3)})`,
  beginSnapshot: 'START TRANSACTION WITH CONSISTENT SNAPSHOT',
  // A failed statement leaves a transaction as it was.
  failTransaction: null,
  // Alone, SLEEP would return 1 when it is cancelled, as if it had slept enough.
  endlessQuery: 'SELECT SUM(SLEEP(3600)) FROM orders',
  stubbornQuery: 'CALL ignore_cancel()',
  // DDL would end the transaction; migrations change data too.
  migrate: 'UPDATE stock SET left_over = left_over + 1',
};

/** The connection id is unique among the present sessions; user and client port distinguish it from later ones. */
const WHO_AM_I = `
  SELECT id, CONCAT(user, '@', host) AS incarnation
  FROM information_schema.processlist
  WHERE id = CONNECTION_ID()`;

/** The server is full; the account has all it may have (`max_user_connections` for everybody, or of its own). */
const REFUSALS = new Set([1040, 1203, 1226]);
const INTERRUPTED = 1317;
/** First byte of a packet that is an error, after four of its header. */
const ERROR_PACKET = 0xff;

export const mysqlClient: Client = { dialect, connect, beginLogin, failureOf };

async function connect({ url, application, address }: Login): Promise<Connection> {
  const { hostname, port } = new URL(url);
  // Its own socket, because the driver cannot read a replication stream.
  const socket = connectSocket({ host: hostname, port: Number(port), localAddress: address });
  const config = { uri: url, stream: socket, connectTimeout: 10_000, connectAttributes: { program_name: application } };
  const client = await mysql.createConnection(config).catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
  // A failing statement, or the end of the session, says what ended it.
  client.on('error', () => undefined);
  // A connection that is reset is over too.
  const over = once(socket, 'close').then(
    () => '',
    () => '',
  );

  const query = async (sql: string, values: readonly unknown[] = []) => {
    const [rows] = await client.query<RowDataPacket[]>(sql, [...values]);
    return Array.isArray(rows) ? rows : [];
  };
  const [identity] = (await client.query<(Connection['identity'] & RowDataPacket)[]>(WHO_AM_I))[0];
  if (identity === undefined) throw new Error('the server does not show a session its own row');
  return {
    identity: { id: identity.id, incarnation: identity.incarnation },
    over,
    query,
    async replicate() {
      await query(`SET @master_binlog_checksum = 'NONE', @source_binlog_checksum = 'NONE'`);
      socket.removeAllListeners('data').resume();
      socket.write(binlogDump(identity.id));
    },
    close: () => client.end().catch(() => client.destroy()),
  };
}

/** The server speaks first, and waits for an answer to its greeting. */
async function beginLogin({ url }: Login): Promise<HalfOpen | null> {
  const { hostname, port } = new URL(url);
  return holdOpen(connectSocket({ host: hostname, port: Number(port) }), (packet) => packet[4] !== ERROR_PACKET);
}

/** COM_BINLOG_DUMP as a packet of the protocol: everything from the start of the first log, and then wait for more. */
function binlogDump(serverId: number): Buffer {
  const packet = Buffer.alloc(4 + 11);
  packet.writeUIntLE(11, 0, 3);
  packet.writeUInt8(0x12, 4);
  packet.writeUInt32LE(4, 5);
  // Flags, here none, then who asks: a number that no other standby has.
  packet.writeUInt16LE(0, 9);
  packet.writeUInt32LE(100_000 + serverId, 11);
  return packet;
}

function failureOf(error: unknown): Failure {
  const errno = errnoOf(error);
  if (errno === null) return { kind: 'lost', code: codeOf(error) };
  const code = String(errno);
  if (REFUSALS.has(errno)) return { kind: 'refused', code };
  // A client learns nothing about a session that was ended, except that it is over.
  return { kind: errno === INTERRUPTED ? 'cancelled' : 'other', code };
}

/** The server's own error number; null when it was not the server that spoke. */
function errnoOf(error: unknown): number | null {
  const isFromServer = error instanceof Error && 'sqlState' in error && 'errno' in error;
  return isFromServer && typeof error.errno === 'number' ? error.errno : null;
}
