import { Socket } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import pg from 'pg';
import type * as z from 'zod/mini';
import { $ZodError } from 'zod/v4/core';
import { codeOf } from '../../shared/driver-error.ts';
import { ConnectionLost, type Login, type TlsSettings } from '../../shared/engine.ts';
import { within } from '../../shared/within.ts';

/** One PostgreSQL connection that cannot crash the process, cannot hang and cannot be used after it failed. */
export interface Connection {
  /**
   * Runs one statement and checks its rows. Throws the server's own error when that leaves the connection usable, else
   * ConnectionLost. A statement that takes longer than `timeoutMs` costs the connection.
   */
  query<T extends z.ZodMiniType>(
    statement: { readonly sql: string; readonly row: T },
    values: readonly unknown[],
    timeoutMs: number,
  ): Promise<z.infer<T>[]>;
  readonly isOpen: boolean;
  /** Says goodbye and drops the socket, without waiting. */
  close(): void;
}

/**
 * Settings of our own session, sent with the login so that they cost no round trip and no window without them:
 * our statements are bounded and never worth compiling, our session is never ended for being idle, and nobody's functions
 * shadow the catalog's.
 */
const SESSION_SETTINGS = [
  '-c statement_timeout=8000',
  '-c lock_timeout=2000',
  '-c idle_session_timeout=0',
  '-c idle_in_transaction_session_timeout=0',
  '-c search_path=pg_catalog',
  '-c jit=off',
].join(' ');

/** What else a client gets stays as the server has it; nobody's functions shadow the catalog's. */
export const ORDINARY_SETTINGS = '-c search_path=pg_catalog';

/** Opens a connection. Throws what the driver throws; `refusalOf` makes sense of it. */
export async function openConnection(
  login: Login,
  timeoutMs: number,
  settings = SESSION_SETTINGS,
): Promise<Connection> {
  const socket = new Socket();
  const client = new pg.Client({
    host: login.host,
    port: login.port,
    database: login.database,
    user: login.user,
    // As a function, or the driver would look elsewhere for a password that is empty.
    password: () => login.password,
    application_name: 'headroom',
    options: settings,
    ssl: tlsOptions(login.tls, login.host),
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    stream: () => socket,
  });
  let isOpen = true;
  const drop = () => {
    isOpen = false;
    socket.destroy();
  };
  // Without a listener, a session that somebody ends while it is idle would end the process too.
  client.on('error', drop);
  client.on('end', drop);
  try {
    await client.connect();
  } catch (error) {
    drop();
    throw error;
  }

  return {
    get isOpen() {
      return isOpen;
    },
    async query({ sql, row }, values, timeoutMs) {
      if (!isOpen) throw new ConnectionLost('', 'the connection is closed');
      try {
        const result = await within(timeoutMs, client.query<Record<string, unknown>>(sql, [...values]), drop);
        return result.rows.map((found) => row.parse(found));
      } catch (error) {
        throw asLost(error, isOpen, drop);
      }
    },
    close() {
      if (isOpen) client.end().catch(() => undefined);
      isOpen = false;
      // Time for the goodbye to leave; a server that does not hear it must not hold us up.
      setTimeout(() => socket.destroy(), 500).unref();
    },
  };
}

function tlsOptions({ mode, ca }: TlsSettings, host: string) {
  if (mode === 'disable') return false;
  return {
    rejectUnauthorized: mode === 'verify-full',
    ...(ca === null ? {} : { ca }),
    // Against the name we were told to go to, also when that is an address.
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(host, certificate),
  };
}

/** Classes of SQLSTATE after which the server closes the connection. */
function asLost(error: unknown, isOpen: boolean, drop: () => void): unknown {
  if (error instanceof ConnectionLost || !(error instanceof Error)) return error;
  const code = codeOf(error);
  const endedByServer = /^(57P0|08|25P0[34])/.test(code);
  const fromServer = error instanceof pg.DatabaseError && !endedByServer;
  if (fromServer || (isOpen && error instanceof $ZodError)) return error;
  drop();
  return new ConnectionLost(code, error.message, { cause: error });
}
