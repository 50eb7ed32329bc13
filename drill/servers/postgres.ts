import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { loginGrants } from '../../functions/engines/postgres/grants.ts';
import { makeServerFiles, serverEnvironment, type PostgresMajor, type ServerFiles } from './postgres-files.ts';

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

export interface Login {
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

const HOST = '127.0.0.1';
const START_MS = 30_000;
const STOP_MS = 10_000;

/**
 * Starts a server of the given major version. Throws, with the server's log and what to do, when it cannot. The server
 * ends when this process does, even when that is killed outright.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const major = options.major ?? 18;
  const files = await makeServerFiles(major);
  let running: Running;
  try {
    running = await startOnFreePort(files, options);
  } catch (error) {
    await rm(files.folder, { recursive: true, force: true });
    throw error;
  }
  const { port } = running;
  let stopped: Promise<string> | null = null;
  let lastLog: string | null = null;

  const urlFor = ({ user, password, database = 'postgres' }: Login) =>
    `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${HOST}:${port}/${encodeURIComponent(database)}`;

  return {
    host: HOST,
    port,
    major,
    data: files.data,
    adminUrl: urlFor({ user: 'postgres', password: files.adminPassword }),
    urlFor,
    async restart(mode) {
      await endProcess(running.child, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      running = await startOnPort(files, options, port);
    },
    async stop() {
      stopped ??= endProcess(running.child, 'SIGINT').then(() => readFileSync(files.log, 'utf8'));
      lastLog ??= await stopped;
      await rm(files.folder, { recursive: true, force: true, maxRetries: 5 });
    },
    log: () => lastLog ?? readFileSync(files.log, 'utf8'),
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startOnFreePort(files: ServerFiles, options: PostgresOptions): Promise<Running> {
  if (options.port !== undefined) return startOnPort(files, options, options.port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnPort(files, options, await freePort());
    } catch (error) {
      // Somebody else took the port between our look and the server's.
      const portTaken = error instanceof Error && error.message.includes('Address already in use');
      if (!portTaken || attempt === 5) throw error;
    }
  }
}

async function startOnPort(files: ServerFiles, options: PostgresOptions, port: number): Promise<Running> {
  const log = openSync(files.log, 'a');
  const loggedBefore = readFileSync(files.log, 'utf8').length;
  const settings = Object.entries(serverSettings(options, port)).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn('/bin/sh', ['-c', LIFELINE, 'sh', files.postgres, '-D', files.data, ...settings], {
    ...files.account,
    cwd: '/',
    env: serverEnvironment(),
    stdio: ['pipe', log, log],
    // Ctrl-C is for the rehearsal to handle; the server ends with it.
    detached: true,
  });
  closeSync(log);
  // Neither the server nor the lifeline keeps our process from ending.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  const failure = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      child.stdin?.destroy();
      reject(startError(files, loggedBefore, `it ended with status ${code}`));
    });
  });
  try {
    await Promise.race([failure, untilReady(files, loggedBefore)]);
  } catch (error) {
    child.kill('SIGQUIT');
    throw error;
  }
  failure.catch(() => undefined);
  return { child, port };
}

/**
 * Becomes the server, and leaves a watcher behind that stops it when our end of the pipe closes, however this process
 * ended. The watcher is detached twice, so that the server has no child it does not know.
 */
const LIFELINE = '( ( read -r _ <&3; kill -INT $$ 2>/dev/null ) & ) 3<&0; exec "$@" </dev/null';

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

async function untilReady(files: ServerFiles, loggedBefore: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    if (readFileSync(files.log, 'utf8').slice(loggedBefore).includes('ready to accept connections')) return;
    await sleep(20);
  }
  throw startError(files, loggedBefore, `it was not ready within ${START_MS / 1000} s`);
}

function startError(files: ServerFiles, loggedBefore: number, what: string): Error {
  const log = readFileSync(files.log, 'utf8').slice(loggedBefore).trim();
  return new Error(`PostgreSQL did not start: ${what}. Its log:\n${log}`);
}

async function endProcess(child: ChildProcess, signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.ref();
  child.kill(signal);
  const slow = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
  await exited;
  clearTimeout(slow);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on the loopback interface');
  return address.port;
}

export interface Logins {
  readonly responderUrl: string;
  readonly canaryUrl: string;
}

/** Creates responder and canary with exactly the statements that `headroom grants` prints, and gives them passwords. */
export async function createLogins(server: PostgresServer): Promise<Logins> {
  const responder = { user: 'headroom_responder', password: randomBytes(12).toString('hex') };
  const canary = { user: 'headroom_canary', password: randomBytes(12).toString('hex') };
  const grants = loginGrants({
    major: server.major,
    isRds: false,
    auth: 'password',
    responder: responder.user,
    canary: canary.user,
    database: 'postgres',
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
