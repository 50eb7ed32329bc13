import mysql from 'mysql2/promise';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PID_FILE } from '../../../drill/servers/files/mysql-files.ts';
import { serverAccount } from '../../../drill/servers/files/server-files.ts';
import { startMysql } from '../../../drill/servers/mysql.ts';
import { startPostgres } from '../../../drill/servers/postgres.ts';
import { fixFor } from '../../../functions/core/server/refusal.ts';
import type { EngineName, Refusal } from '../../../functions/core/server/snapshot.ts';
import { engineEntry } from '../../../functions/engines/registry.ts';
import { Refused, type Login } from '../../../functions/engines/shared/engine.ts';
import { loginAt } from './stage.ts';

interface Door {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const doors = new Map<EngineName, Door>();
const doorOf = (engine: EngineName): Door => {
  const door = doors.get(engine);
  if (door === undefined) throw new Error(`${engine} has not started`);
  return door;
};

async function openMysqlDoor(flavour: 'mysql' | 'mariadb'): Promise<void> {
  // A thread that is kept for the next client hides that no other can be made.
  const server = await startMysql({ flavour, settings: { 'thread-cache-size': '0' } });
  const pid = Number(readFileSync(join(server.data, PID_FILE), 'utf8'));
  doors.set(flavour, { url: server.adminUrl, pid, stop: () => server.stop() });
}

async function openPostgresDoor(): Promise<void> {
  const server = await startPostgres({ major: 18 });
  const pid = Number(readFileSync(join(server.data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  doors.set('postgres', { url: server.adminUrl, pid, stop: () => server.stop() });
}

beforeAll(async () => {
  await Promise.all([openPostgresDoor(), openMysqlDoor('mysql'), openMysqlDoor('mariadb')]);
}, 240_000);
afterAll(async () => {
  await Promise.all([...doors.values()].map((door) => door.stop()));
});

/** How this engine's client is refused at a door, whoever is behind it. */
async function refusalOf(engine: EngineName, login: Login, timeoutMs = 5_000): Promise<Refusal> {
  const driver = await engineEntry(engine).load();
  const options = { instance: 'any', canaryUser: null, statements: 'redacted' } as const;
  const refused: unknown = await driver.connect(login, options, timeoutMs).then(
    (session) => session.close(),
    (error: unknown) => error,
  );
  if (!(refused instanceof Refused)) throw new Error(`not refused: ${String(refused)}`);
  return refused.refusal;
}

/** Reads or sets the soft limits of a server, which its own account may do. */
function prlimit(pid: number, ...options: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync('prlimit', ['--pid', String(pid), ...options], serverAccount());
  if (error !== undefined) throw new Error('there is no program prlimit; install util-linux', { cause: error });
  if (status !== 0) throw new Error(`prlimit: ${stderr.toString()}`);
  return stdout.toString();
}

const ENGINES = ['postgres', 'mysql', 'mariadb'] as const;

describe.each(ENGINES)('a %s server', { timeout: 60_000 }, (engine) => {
  test('that accepts and says nothing is up and does not answer: no firewall is in the way', async () => {
    const { url, pid } = doorOf(engine);
    process.kill(pid, 'SIGSTOP');
    try {
      for (const mode of ['disable', 'require'] as const) {
        const refusal = await refusalOf(engine, loginAt(url, mode), 400);
        expect(refusal).toMatchObject({ kind: 'silent', code: 'NO_ANSWER' });
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  test('that can make no thread or process for a client says so, and is not taken for a full or broken one', async () => {
    const { url, pid } = doorOf(engine);
    const before = prlimit(pid, '--nproc', '--noheadings', '--raw', '--output=SOFT').trim();
    prlimit(pid, '--nproc=1:');
    try {
      for (const mode of ['disable', 'require'] as const) {
        const refusal = await refusalOf(engine, loginAt(url, mode));
        expect(refusal.kind).toBe('out-of-resources');
        expect(refusal.message).toMatch(/thread|fork/);
      }
    } finally {
      prlimit(pid, `--nproc=${before}:`);
    }
  });
});

test.each(ENGINES)('%s: a token that is not accepted is no wrong password', async (engine) => {
  const login = { ...loginAt(doorOf(engine).url), password: 'a token' };
  expect((await refusalOf(engine, login)).kind).toBe('authentication');
  expect((await refusalOf(engine, { ...login, isToken: true })).kind).toBe('iam-refused');
});

test.each(ENGINES)('%s: a password that is missing is said to be missing', async (engine) => {
  const refusal = await refusalOf(engine, { ...loginAt(doorOf(engine).url), password: '' });
  expect(refusal.kind).toBe('authentication');
  expect(refusal.message).toContain('no password is configured');
});

test.each(['mysql', 'mariadb'] as const)(
  '%s: what lets a blocked host in again can be run as printed',
  async (engine) => {
    const blocked = { kind: 'host-blocked', code: 'ER_HOST_IS_BLOCKED', message: 'blocked' } as const;
    const [, statement = ''] = /administrator: ([^;]+);/.exec(fixFor(blocked, 'the URL', engine)) ?? [];
    expect(statement).not.toBe('');
    const administrator = await mysql.createConnection(doorOf(engine).url);
    await administrator.query(statement);
    await administrator.end();
  },
);

describe('behind a wrong port', { timeout: 60_000 }, () => {
  const MODES = ['disable', 'require', 'verify-full'] as const;

  test('PostgreSQL is recognised by a client of MySQL or MariaDB, which waits to be greeted', async () => {
    for (const mode of ['disable', 'verify-full'] as const) {
      const refusal = await refusalOf('mysql', loginAt(doorOf('postgres').url, mode), 600);
      expect(refusal.kind).toBe('wrong-server');
      expect(refusal.message).toContain('PostgreSQL answers at this address');
    }
  });

  test.each(MODES)('MySQL and MariaDB are recognised by a client of PostgreSQL, tls.mode %s', async (mode) => {
    for (const behind of ['mysql', 'mariadb'] as const) {
      const refusal = await refusalOf('postgres', loginAt(doorOf(behind).url, mode));
      expect(refusal.kind).toBe('wrong-server');
      expect(refusal.message).toContain('MySQL or MariaDB answers at this address');
    }
  });

  test.each(ENGINES)('something that is no database is not taken for one: %s', async (engine) => {
    for (const greeting of ['SSH-2.0-OpenSSH_9.2p1\r\n', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'ERROR\r\n']) {
      const door = createServer((socket) => socket.on('error', () => undefined).end(greeting)).listen(0, '127.0.0.1');
      await once(door, 'listening');
      const { port } = door.address() as AddressInfo;
      for (const mode of MODES) {
        const refusal = await refusalOf(engine, { ...loginAt(doorOf(engine).url, mode), port }, 1_500);
        expect(refusal.kind, greeting).toBe('wrong-server');
        expect(refusal.message).toContain('does not speak');
      }
      door.close();
    }
  });
});
