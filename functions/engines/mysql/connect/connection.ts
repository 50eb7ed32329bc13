import mysql from 'mysql2';
import { isIP, Socket } from 'node:net';
import type * as z from 'zod/mini';
import { $ZodError } from 'zod/v4/core';
import { codeOf } from '../../shared/driver-error.ts';
import { ConnectionLost, type Login } from '../../shared/engine.ts';
import { within } from '../../shared/within.ts';
import { SETTINGS } from './login.sql.ts';

/** One MySQL or MariaDB connection that cannot crash the process, cannot hang and cannot be used after it failed. */
export interface Connection {
  /**
   * Runs one statement and checks its rows. Throws the server's own error when that leaves the connection usable, else
   * ConnectionLost. A statement that takes longer than `timeoutMs` costs the connection.
   */
  query<T extends z.ZodMiniType>(
    statement: { readonly sql: string; readonly row: T },
    values: readonly Value[],
    timeoutMs: number,
  ): Promise<z.infer<T>[]>;
  /** The same for a text whose results nobody reads; it may be several statements. */
  run(statement: { readonly sql: string }, values: readonly Value[], timeoutMs: number): Promise<void>;
  readonly isOpen: boolean;
  /** Says goodbye and drops the socket, without waiting. */
  close(): void;
}

/** What may stand for a `?`. A list becomes its members with commas, and may not be empty. */
export type Value = string | number | boolean | null | readonly (string | number)[];

/** An error that the server itself answered with. */
export interface ServerError extends Error {
  readonly errno: number;
}

export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'sqlMessage' in error && 'errno' in error && typeof error.errno === 'number';
}

/** Opens a connection and sets up its session. Throws what the driver throws; `refusalOf` makes sense of it. */
export async function openConnection(login: Login, timeoutMs: number): Promise<Connection> {
  const deadline = Date.now() + timeoutMs;
  const socket = dial(login);
  const client = mysql.createConnection({
    host: login.host,
    port: login.port,
    ...(login.database === '' ? {} : { database: login.database }),
    user: login.user,
    password: login.password,
    stream: socket,
    connectTimeout: timeoutMs,
    connectAttributes: { program_name: 'headroom' },
    charset: 'UTF8MB4_GENERAL_CI',
    // Several statements in one text end a session right behind the look at it. Every such text is a constant.
    multipleStatements: true,
    // The server may not ask for our files.
    flags: ['-LOCAL_FILES'],
    ...tlsOptions(login),
    supportBigNumbers: true,
    decimalNumbers: true,
    dateStrings: true,
    trace: false,
  });
  let isOpen = true;
  const drop = () => {
    isOpen = false;
    socket.destroy();
  };
  // Without a listener, a session that somebody ends while it is idle would end the process too.
  client.on('error', drop);
  client.on('end', drop);
  socket.on('close', drop);

  const send = async (sql: string, values: readonly Value[], waitMs: number): Promise<unknown> => {
    if (!isOpen) throw new ConnectionLost('', 'the connection is closed');
    const answer = new Promise<unknown>((resolve, reject) => {
      client.query({ sql, values: [...values] }, (error, rows) => (error === null ? resolve(rows) : reject(error)));
    });
    try {
      return await within(waitMs, answer, drop);
    } catch (error) {
      throw asLost(error, drop);
    }
  };

  try {
    const connected = new Promise<void>((resolve, reject) => {
      client.connect((error) => (error === null ? resolve() : reject(error)));
    });
    await within(timeoutMs, connected, drop);
    await send(SETTINGS.sql, [], Math.max(1, deadline - Date.now()));
  } catch (error) {
    drop();
    throw error;
  }

  return {
    get isOpen() {
      return isOpen;
    },
    async query({ sql, row }, values, waitMs) {
      const rows = await send(sql, values, waitMs);
      try {
        if (!Array.isArray(rows)) throw new TypeError('the server answered without rows');
        return rows.map((found) => row.parse(found));
      } catch (error) {
        if (error instanceof $ZodError) throw error;
        drop();
        throw new ConnectionLost('', 'the server answered something else', { cause: error });
      }
    },
    async run({ sql }, values, waitMs) {
      await send(sql, values, waitMs);
    },
    close() {
      if (isOpen) client.end(() => undefined);
      isOpen = false;
      // Time for the goodbye to leave; a server that does not hear it must not hold us up.
      setTimeout(() => socket.destroy(), 500).unref();
    },
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

function asLost(error: unknown, drop: () => void): unknown {
  if (error instanceof ConnectionLost || !(error instanceof Error)) return error;
  if (isServerError(error) && !LAST_WORDS.has(error.errno)) return error;
  drop();
  return new ConnectionLost(codeOf(error), error.message, { cause: error });
}
