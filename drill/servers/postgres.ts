import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { grantScript } from '../../functions/engines/postgres/grants/script.ts';
import { makePostgresFiles, type PostgresMajor } from './files/postgres-files.ts';
import { HOST, startServer } from './server-process.ts';

export interface PostgresOptions {
  /** Default 18. */
  readonly major?: PostgresMajor;
  /** Default 100. */
  readonly maxConnections?: number;
  /** Slots for roles with pg_use_reserved_connections; 16 and later. Default 0. */
  readonly reservedConnections?: number;
  /** Default 3. */
  readonly superuserReservedConnections?: number;
  /** Further server settings, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Default: any free port. */
  readonly port?: number;
}

interface Login {
  readonly user: string;
  readonly password: string;
  /** Default `postgres`. */
  readonly database?: string;
}

/** A real server on the loopback interface. Every login needs its password (scram). */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly major: PostgresMajor;
  /** The data folder: private to the server's account. */
  readonly data: string;
  /** Superuser `postgres`. */
  readonly adminUrl: string;
  urlFor(login: Login): string;
  /** `fast` closes sessions in order; `immediate` is a crash with recovery at the next start. */
  restart(mode: 'fast' | 'immediate'): Promise<void>;
  /** Ends the server and removes its files. May be called again. */
  stop(): Promise<void>;
  /** What the server has logged so far. */
  log(): string;
}

/**
 * Starts a server of the given major version. Throws, with the server's log and what to do, when it cannot. The server
 * ends when this process does, even when that is killed outright.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const major = options.major ?? 18;
  const files = await makePostgresFiles(major);
  const command = (port: number) => {
    const settings = Object.entries(serverSettings(options, port)).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    return [files.postgres, '-D', files.data, ...settings];
  };
  const running = await startServer(
    {
      name: 'PostgreSQL',
      command,
      account: files.account,
      // Read-only connections too: then it is a standby.
      readyMark: 'database system is ready to accept',
      signals: { fast: 'SIGINT', immediate: 'SIGQUIT', final: 'SIGINT' },
    },
    files,
    options.port,
  );
  const urlFor = ({ user, password, database = 'postgres' }: Login) =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${HOST}:${running.port}/${encodeURIComponent(database)}`;
  return {
    ...running,
    host: HOST,
    major,
    data: files.data,
    adminUrl: urlFor({ user: 'postgres', password: files.adminPassword }),
    urlFor,
  };
}

function serverSettings(options: PostgresOptions, port: number): Record<string, string> {
  return {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(options.maxConnections ?? 100),
    superuser_reserved_connections: String(options.superuserReservedConnections ?? 3),
    ...(options.reservedConnections === undefined ? {} : { reserved_connections: String(options.reservedConnections) }),
    shared_buffers: '16MB',
    // A rehearsal's data need not survive a power cut.
    fsync: 'off',
    full_page_writes: 'off',
    timezone: 'UTC',
    ...options.settings,
  };
}

export interface Logins {
  readonly responderUrl: string;
  readonly canaryUrl: string;
}

/**
 * Creates responder and canary with exactly the statements that `headroom grants` prints, and gives them passwords.
 * `limitableUsers`: whose connections may be limited.
 */
export async function createLogins(server: PostgresServer, limitableUsers: readonly string[] = []): Promise<Logins> {
  const responder = { user: 'headroom_responder', password: randomBytes(12).toString('hex') };
  const canary = { user: 'headroom_canary', password: randomBytes(12).toString('hex') };
  const grants = grantScript({
    major: server.major,
    isRds: false,
    auth: 'password',
    responder: responder.user,
    canary: canary.user,
    database: 'postgres',
    limitableUsers,
  });
  const passwords = [responder, canary].map(
    ({ user, password }) => `ALTER ROLE ${pg.escapeIdentifier(user)} PASSWORD ${pg.escapeLiteral(password)}`,
  );
  const admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  try {
    for (const sql of [...grants.flatMap((grant) => grant.sql ?? []), ...passwords]) await admin.query(sql);
  } finally {
    await admin.end();
  }
  return { responderUrl: server.urlFor(responder), canaryUrl: server.urlFor(canary) };
}
