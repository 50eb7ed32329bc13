import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** The account that runs a server. Empty: our own. Database servers refuse to run as root. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** One server's own folder, which goes with it. */
export interface ServerFolder {
  readonly folder: string;
  /** The data folder in it: private to the server's account. */
  readonly data: string;
  /** What the server writes to its standard error. */
  readonly log: string;
}

export function serverAccount(): Account {
  if (userInfo().uid !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['nobody', 'postgres', 'mysql']) {
    const [, , uid, gid] = accounts.find(([candidate]) => candidate === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'database servers refuse to run as root and there is no user "nobody", "postgres" or "mysql" to run them as; ' +
      'create one with "useradd nobody", or start this as a plain user',
  );
}

/**
 * Where servers of one kind (`postgres`, `mysql`) keep templates and data: traversable by the server's account,
 * writable by us alone, with a path short enough for a socket.
 */
export async function cacheFolder(kind: string): Promise<string> {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `headroom-${kind}-${uid}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(`${folder} belongs to somebody else; remove it, or point TMPDIR at a folder of your own`);
  }
  await chmod(folder, 0o755);
  return folder;
}

/** A folder for one more server, its data copied from a template's. */
export async function copyTemplate(template: string, cache: string, account: Account): Promise<ServerFolder> {
  const folder = await mkdtemp(join(cache, `server-${process.pid}-`));
  await chmod(folder, 0o755);
  const data = join(folder, 'data');
  await giveFolder(data, account);
  run('cp', ['-Rp', `${join(template, 'data')}/.`, data], account);
  return { folder, data, log: join(folder, 'log') };
}

/** Builds under a name of its own and renames, so that parallel starts never see half of it. The first one wins. */
export async function putInPlace(path: string, build: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await build(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
}

export async function giveFolder(path: string, account: Account): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  await own(path, account);
}

export async function own(path: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** Runs a program to its end as the server's account, and returns what it printed. */
export function run(file: string, args: readonly string[], account: Account, input = ''): string {
  // A folder that the account may read, and nothing of our environment: PG* variables would change what initdb does.
  return execFileSync(file, args, { ...account, cwd: '/', env: serverEnvironment(), input, stdio: 'pipe' }).toString();
}

/** What a server process gets to see of our environment. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * Ends servers whose starter is gone (it was killed outright), and removes their folders and whatever else was left
 * unfinished. `pidFile` is its name in a data folder.
 */
export async function sweepLeftovers(cache: string, pidFile: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const starter = /^server-(\d+)-/.exec(name)?.[1] ?? /\.(\d+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (starter === undefined || isAlive(Number(starter))) continue;
    const folder = join(cache, name);
    const server = serverOf(join(folder, 'data'), pidFile);
    if (server !== null) process.kill(server, 'SIGQUIT');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Process id of the server that runs on a data folder; null when none does, whatever a stale pid file says. */
function serverOf(data: string, pidFile: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(data, pidFile), 'utf8'), 10);
    const command = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(data) ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
