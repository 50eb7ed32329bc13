import { Socket } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import pg from 'pg';
import { $ZodError } from 'zod/v4/core';
import { Line, OWN_APPLICATION, type ServerConnection } from '../../shared/connection.ts';
import { codeOf } from '../../shared/driver-error.ts';
import { ConnectionLost, type Login, type TlsSettings } from '../../shared/engine.ts';
import { checkGreeting } from '../../shared/doors/greeting.ts';
import { asUnconnected, countdown, within } from '../../shared/within.ts';
import { NO_TRANSACTION_TIMEOUT } from './login.sql.ts';

/**
 * Settings of our own session. They are sent with the login, so they cost no round trip, hold from the first statement
 * and come before those that the owner of a database may set for every session in it: our statements are bounded, wait
 * for nobody's transaction, may write where the responder may, are run as the responder, never compiled, and hold what
 * they read in memory, as the server may allow no files for it (temp_file_limit); our session is never ended for being idle; no user's functions shadow those of the catalog; texts and numbers come as expected.
 */
const SESSION_SETTINGS = [
  '-c statement_timeout=8000',
  '-c lock_timeout=2000',
  '-c idle_session_timeout=0',
  '-c idle_in_transaction_session_timeout=0',
  '-c search_path=pg_catalog',
  '-c jit=off',
  '-c work_mem=64MB',
  '-c role=none',
  '-c default_transaction_isolation=read\\ committed',
  '-c default_transaction_deferrable=off',
  '-c default_transaction_read_only=off',
  '-c standard_conforming_strings=on',
  // Numbers come exact: rounded, an age of 1.7 s would be one of 2 s.
  '-c extra_float_digits=1',
].join(' ');

/** The settings that every client gets, except that no user's functions shadow those of the catalog. */
export const ORDINARY_SETTINGS = '-c search_path=pg_catalog';

/** SQLSTATE of a session that `transaction_timeout` has ended. */
const TRANSACTION_TIMEOUT = '25P04';

/**
 * Opens a connection. Throws what the driver throws; `refusalOf` makes sense of it. `transaction_timeout` cannot be sent
 * with the login, as servers before 17 refuse what they do not know. Where it is too short to log in and turn it off,
 * the server knows it, and a second login says so.
 */
export async function openConnection(
  login: Login,
  timeoutMs: number,
  settings = SESSION_SETTINGS,
): Promise<ServerConnection> {
  const left = countdown(timeoutMs);
  let connection: ServerConnection | null = null;
  try {
    connection = await connect(login, left(), settings);
    await connection.query(NO_TRANSACTION_TIMEOUT, [], left());
    return connection;
  } catch (error) {
    connection?.close();
    if (codeOf(error) !== TRANSACTION_TIMEOUT) throw error;
    return connect(login, left(), `${settings} -c transaction_timeout=0`);
  }
}

async function connect(login: Login, timeoutMs: number, settings: string): Promise<ServerConnection> {
  const socket = new Socket();
  const line = new Line(socket);
  const client = createClient(login, socket, settings);
  // Without a listener, a session that is ended while it is idle would end the process too.
  client.on('error', line.drop);
  client.on('end', line.drop);
  try {
    await within(timeoutMs, client.connect(), line.drop);
  } catch (error) {
    line.drop();
    if (line.greeting !== null) checkGreeting(line.greeting, 'PostgreSQL');
    throw asUnconnected(error, line.isConnected, timeoutMs);
  }
  return {
    get isOpen() {
      return line.isOpen;
    },
    greetedAs: 'processID' in client && typeof client.processID === 'number' ? client.processID : null,
    async query({ sql, row }, values, timeoutMs) {
      if (!line.isOpen) throw line.lost;
      try {
        const result = await within(timeoutMs, client.query<Record<string, unknown>>(sql, [...values]), line.drop);
        return result.rows.map((found) => row.parse(found));
      } catch (error) {
        throw asLost(error, line);
      }
    },
    close: () => line.leave(() => void client.end().catch(() => undefined)),
  };
}

function createClient(login: Login, socket: Socket, settings: string): pg.Client {
  return new pg.Client({
    host: login.host,
    port: login.port,
    database: login.database,
    user: login.user,
    // As a function, or the driver would look elsewhere for a password that is empty.
    password: () => login.password,
    application_name: OWN_APPLICATION,
    options: settings,
    ssl: tlsOptions(login.tls, login.host),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    stream: () => socket,
  });
}

function tlsOptions({ mode, ca }: TlsSettings, host: string) {
  if (mode === 'disable') return false;
  return {
    rejectUnauthorized: mode === 'verify-full',
    ...(ca === null ? {} : { ca }),
    // Against the configured name, also when that is an address.
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(host, certificate),
  };
}

/** Classes of SQLSTATE after which the server closes the connection. */
const LAST_WORDS = /^(57P0|08|25P0[34])/;

function asLost(error: unknown, line: Line): unknown {
  if (error instanceof ConnectionLost || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError && !LAST_WORDS.test(code)) return error;
  if (error instanceof $ZodError && line.isOpen) return error;
  line.drop();
  return new ConnectionLost(code, error.message, { cause: error });
}
