import mysql from 'mysql2';
import { isIP, Socket } from 'node:net';
import { $ZodError } from 'zod/v4/core';
import { Line, OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import { codeOf } from '../../shared/driver-error.ts';
import { ConnectionLost, type Login } from '../../shared/engine.ts';
import { ASKS_FOR_TLS, checkGreeting } from '../../shared/doors/greeting.ts';
import { asUnconnected, countdown, within } from '../../shared/within.ts';
import { SETTINGS } from './login.sql.ts';

export interface MysqlConnection extends ServerConnection<Value> {
  /** Runs a text whose results are not read; it may be several statements. Throws as `query` does. */
  run(statement: { readonly sql: string }, values: readonly Value[], timeoutMs: number): Promise<void>;
}

/** What may stand for a `?`. A list becomes its members with commas, and may not be empty. */
type Value = string | number | boolean | null | readonly (string | number)[];

/** An error that the server itself answered with. */
interface ServerError extends Error {
  readonly errno: number;
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'sqlMessage' in error && 'errno' in error && typeof error.errno === 'number';
}

/** Opens a connection and sets up its session. Throws what the driver throws; `refusalOf` makes sense of it. */
export async function openConnection(login: Login, timeoutMs: number): Promise<MysqlConnection> {
  const left = countdown(timeoutMs);
  const socket = dial(login);
  const line = new Line(socket);
  const client = createClient(login, socket, timeoutMs);
  // Without a listener, a session that is ended while it is idle would end the process too.
  client.on('error', line.drop);
  client.on('end', line.drop);
  socket.on('close', line.drop);
  try {
    const connected = new Promise<void>((resolve, reject) => {
      client.connect((error) => (error === null ? resolve() : reject(error)));
    });
    // The rest is for finding out who is there and says nothing.
    await within(timeoutMs - Math.min(PROBE_MS, timeoutMs / 4), connected, () => undefined);
    const connection = wrapClient(client, line);
    await connection.run(SETTINGS, [], left());
    return connection;
  } catch (error) {
    const isSilent = line.isOpen && line.isConnected && line.greeting === null;
    // MySQL speaks first; who waits to be spoken to may be PostgreSQL.
    const greeting = isSilent ? await line.probe(ASKS_FOR_TLS, left()) : line.greeting;
    line.drop();
    if (greeting !== null) checkGreeting(greeting, 'MySQL or MariaDB');
    throw asUnconnected(error, line.isConnected, timeoutMs);
  }
}

const PROBE_MS = 300;

function createClient(login: Login, socket: Socket, timeoutMs: number): mysql.Connection {
  return mysql.createConnection({
    host: login.host,
    port: login.port,
    ...(login.database === '' ? {} : { database: login.database }),
    user: login.user,
    password: login.password,
    stream: socket,
    connectTimeout: timeoutMs,
    connectAttributes: { program_name: OWN_APPLICATION },
    charset: 'UTF8MB4_GENERAL_CI',
    // Several statements in one text end a session right behind the check of it. Every such text is a constant.
    multipleStatements: true,
    // The server may not ask for our files.
    flags: ['-LOCAL_FILES'],
    ...tlsOptions(login),
    supportBigNumbers: true,
    decimalNumbers: true,
    dateStrings: true,
    trace: false,
  });
}

function wrapClient(client: mysql.Connection, line: Line): MysqlConnection {
  const send = async (sql: string, values: readonly Value[], timeoutMs: number): Promise<unknown> => {
    if (!line.isOpen) throw line.lost;
    const answer = new Promise<unknown>((resolve, reject) => {
      client.query({ sql, values: [...values] }, (error, rows) => (error === null ? resolve(rows) : reject(error)));
    });
    try {
      return await within(timeoutMs, answer, line.drop);
    } catch (error) {
      throw asLost(error, line);
    }
  };
  return {
    get isOpen() {
      return line.isOpen;
    },
    greetedAs: client.threadId,
    async query({ sql, row }, values, timeoutMs) {
      const rows = await send(sql, values, timeoutMs);
      try {
        if (!Array.isArray(rows)) throw new TypeError('the server answered without rows');
        return rows.map((found) => row.parse(found));
      } catch (error) {
        if (error instanceof $ZodError) throw error;
        line.drop();
        throw new ConnectionLost('', 'the server answered something else', { cause: error });
      }
    },
    async run({ sql }, values, timeoutMs) {
      await send(sql, values, timeoutMs);
    },
    close: () => line.leave(() => client.end(() => undefined)),
  };
}

function dial({ host, port, tls }: Login): Socket {
  const socket = new Socket();
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 10_000);
  // The driver leaves the host out of its check when it is an address, and the check would fall back to this.
  if (tls.mode === 'verify-full' && isIP(host) !== 0) Object.assign(socket, { _host: host });
  return socket.connect(port, host);
}

function tlsOptions({ tls: { mode, ca } }: Login): Pick<mysql.ConnectionOptions, 'ssl' | 'enableCleartextPlugin'> {
  if (mode === 'disable') return {};
  const isVerified = mode === 'verify-full';
  return {
    ssl: { rejectUnauthorized: isVerified, verifyIdentity: isVerified, ...(ca === null ? {} : { ca }) },
    // IAM tokens are sent as they are; never where others could read them.
    enableCleartextPlugin: true,
  };
}

/** Errors with which the server also closes the connection: shutdown, killed, too many, idle for too long. */
const LAST_WORDS: ReadonlySet<number> = new Set([1040, 1053, 1077, 1927, 3169, 4031]);

function asLost(error: unknown, line: Line): unknown {
  if (error instanceof ConnectionLost || !(error instanceof Error)) return error;
  if (isServerError(error) && !LAST_WORDS.has(error.errno)) return error;
  line.drop();
  return new ConnectionLost(codeOf(error), error.message, { cause: error });
}
