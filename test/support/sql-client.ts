import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackPackage, type DebianPackage } from '../../drill/servers/files/debian-packages.ts';
import { launcherOf } from '../../drill/servers/files/mysql-inspection.ts';
import { putInPlace } from '../../drill/servers/files/server-files.ts';
import { errorWords } from '../../functions/core/words/error-words.ts';
import type { EngineName } from '../../functions/core/server/snapshot.ts';

/** How the client that people use took a script. */
export interface ScriptRun {
  readonly status: number | null;
  readonly output: string;
}

interface ClientFacts {
  readonly program: string;
  /** What its version says. */
  readonly sign: RegExp;
  readonly debian: DebianPackage;
}

const CLIENTS: Readonly<Record<EngineName, ClientFacts>> = {
  postgres: {
    program: 'psql',
    sign: /PostgreSQL/,
    debian: { name: 'postgresql-client-15', suite: 'bookworm' },
  },
  mysql: {
    program: 'mysql',
    sign: /^(?!.*MariaDB)/,
    debian: { name: 'mysql-client-core', suite: 'sid' },
  },
  mariadb: {
    program: 'mariadb',
    sign: /MariaDB/,
    debian: { name: 'mariadb-client-core', suite: 'bookworm' },
  },
};
const TREES = fileURLToPath(new URL('../../.cache/clients', import.meta.url));

/** Pipes a script into the client as a person does, with none of their settings, and waits for its end. */
export async function pipeIntoClient(engine: EngineName, url: string, script: string): Promise<ScriptRun> {
  const [file, ...first] = await findClient(engine);
  const { hostname, port, username, password } = new URL(url);
  const args =
    engine === 'postgres'
      ? [...first, '--no-psqlrc', '--quiet', url]
      : [...first, '--no-defaults', `--host=${hostname}`, `--port=${port}`, `--user=${decodeURIComponent(username)}`];
  const { status, stdout, stderr } = spawnSync(file, args, {
    input: script,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', MYSQL_PWD: decodeURIComponent(password) },
  });
  return { status, output: stdout + stderr };
}

/**
 * The client on PATH, else one fetched once from Debian's archive. When there is none, throws and says what was tried
 * and what to do.
 */
async function findClient(engine: EngineName): Promise<[string, ...string[]]> {
  const { program, debian } = CLIENTS[engine];
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = folders.map((folder) => join(folder, program)).find(existsSync);
  if (onPath !== undefined && isClientOf(engine, [onPath])) return [onPath];
  const tree = join(TREES, engine);
  try {
    if (!existsSync(tree)) {
      await mkdir(TREES, { recursive: true });
      await putInPlace(tree, async (unfinished) => {
        await mkdir(unfinished, { mode: 0o755 });
        await unpackPackage(debian, unfinished);
      });
    }
    const fetched = launcherOf(programIn(tree, program), tree);
    if (isClientOf(engine, fetched)) return fetched;
    throw new Error(`what was fetched to ${tree} is none; remove it to fetch it anew`);
  } catch (error) {
    throw new Error(
      `no ${program} client on this machine. Tried PATH and fetching it (${errorWords(error)}). Install it`,
      { cause: error },
    );
  }
}

/** Debian's psql in usr/bin is a script that chooses among versions. */
function programIn(tree: string, program: string): string {
  const versioned = join(tree, 'usr/lib/postgresql/15/bin', program);
  return existsSync(versioned) ? versioned : join(tree, 'usr/bin', program);
}

function isClientOf(engine: EngineName, [file, ...first]: readonly [string, ...string[]]): boolean {
  return CLIENTS[engine].sign.test(execFileSync(file, [...first, '--version'], { encoding: 'utf8' }));
}
