import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpackPackage } from '../../drill/servers/files/debian-packages.ts';
import { own, putInPlace, serverAccount } from '../../drill/servers/files/server-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PACKAGE = { name: 'pgbouncer', suite: 'bookworm', without: ['libc6', 'libcrypt1', 'libgcc-s1'] };

interface Bouncer {
  /** The same login by way of the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

/**
 * A real PgBouncer in front of a server on loopback. Each login that is named in `urls` may come, and `mostClients` at a
 * time.
 */
export async function startPgBouncer(port: number, urls: readonly string[], mostClients = 100): Promise<Bouncer> {
  const account = serverAccount();
  const folder = await mkdtemp(join(tmpdir(), 'headroom-pgbouncer-'));
  await own(folder, account);
  const listen = 20_000 + Math.floor(Math.random() * 20_000);
  const users = urls.map((url) => new URL(url)).map(({ username, password }) => `"${username}" "${password}"`);
  await writeFile(join(folder, 'users'), users.join('\n'));
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `* = host=127.0.0.1 port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${listen}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${join(folder, 'users')}`,
      'pool_mode = session',
      `max_client_conn = ${mostClients}`,
      'ignore_startup_parameters = options,extra_float_digits',
    ].join('\n'),
  );
  const { file, libraries } = await findProgram();
  const child = spawn(file, [join(folder, 'pgbouncer.ini')], {
    ...account,
    cwd: '/',
    env: { LD_LIBRARY_PATH: libraries.join(delimiter) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = once(child, 'close');
  while (!(await answers(listen))) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended: ${complaint}`);
    await sleep(20);
  }
  return {
    through: (url) => Object.assign(new URL(url), { port: String(listen) }).href,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Installed, or fetched from Debian's archive, once. */
async function findProgram(): Promise<{ readonly file: string; readonly libraries: readonly string[] }> {
  const installed = ['/usr/sbin/pgbouncer', '/usr/local/sbin/pgbouncer'].find(existsSync);
  if (installed !== undefined) return { file: installed, libraries: [] };
  const tree = join(ROOT, '.cache', 'servers', 'pgbouncer');
  if (!existsSync(tree)) {
    await mkdir(join(ROOT, '.cache', 'servers'), { recursive: true });
    await putInPlace(tree, async (unfinished) => {
      await mkdir(unfinished, { mode: 0o755 });
      await unpackPackage(PACKAGE, unfinished);
    });
  }
  const machine = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const libraries = ['usr/lib', 'lib'].map((part) => join(tree, part, machine));
  return { file: join(tree, 'usr/sbin/pgbouncer'), libraries };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
