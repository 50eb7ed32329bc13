import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { unpackPackage } from '../../drill/servers/files/debian-packages.ts';
import { cacheFolder, putInPlace } from '../../drill/servers/files/server-files.ts';
import { isTallied, newTally, type Clients } from './pool.ts';

const here = (file: string) => fileURLToPath(new URL(`libraries/${file}`, import.meta.url));
const SUITE = 'bookworm';

/** Whom a program's pool belongs to. */
export interface ProgramPool {
  readonly url: string;
  readonly application: string;
  readonly size: number;
}

/** A real HikariCP on this machine's Java. Throws where apt cannot give it, or there is no Java. */
export async function hikari(kind: 'healthy' | 'leak', { url, application, size }: ProgramPool): Promise<Clients> {
  const root = await unpacked('hikari', ['libhikaricp-java', 'libpostgresql-jdbc-java', 'libslf4j-java']);
  const jars = ['HikariCP', 'postgresql', 'slf4j-api', 'slf4j-nop'].map((jar) =>
    join(root, `usr/share/java/${jar}.jar`),
  );
  const { username, password, host, pathname } = new URL(url);
  const jdbc = `jdbc:postgresql://${host}${pathname}`;
  const args = [
    '-cp',
    jars.join(delimiter),
    here('HikariClients.java'),
    kind,
    jdbc,
    username,
    String(size),
    application,
  ];
  return start('java', args, { PACE_PASSWORD: password });
}

/** A real SQLAlchemy on this machine's Python 3.11. Throws where apt cannot give it. */
export async function sqlalchemy(
  kind: 'healthy' | 'forget',
  { url, application, size }: ProgramPool,
): Promise<Clients> {
  const root = await unpacked('sqlalchemy', ['python3-sqlalchemy', 'python3-psycopg2', 'python3-greenlet']);
  const address = url.replace('postgresql:', 'postgresql+psycopg2:');
  return start('python3', [here('sqlalchemy_clients.py'), kind, address, String(size)], {
    PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
    LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu'),
    PGAPPNAME: application,
  });
}

/** Real PHP workers on the extension for MySQL that PHP brings. Throws where apt cannot give it. */
export async function php(url: string, workers: number): Promise<Clients> {
  const root = await unpacked('php', ['php8.2-cli', 'php8.2-mysql']);
  const { username, password, hostname, port, pathname } = new URL(url);
  const extensions = ['posix', 'mysqlnd', 'pdo', 'pdo_mysql'].flatMap((name) => ['-d', `extension=${name}`]);
  const args = [
    '-n',
    '-d',
    `extension_dir=${join(root, 'usr/lib/php/20220829')}`,
    ...extensions,
    here('php_clients.php'),
    `mysql:host=${hostname};port=${port};dbname=${pathname.slice(1)}`,
    username,
    String(workers),
  ];
  return start(join(root, 'usr/bin/php8.2'), args, {
    PACE_PASSWORD: password,
    LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu'),
  });
}

/** The packages with all they need, kept for the next time. */
async function unpacked(kind: string, packages: readonly string[]): Promise<string> {
  const folder = join(await cacheFolder('pace'), kind);
  if (!existsSync(folder)) {
    await putInPlace(folder, async (unfinished) => {
      for (const name of packages) await unpackPackage({ name, suite: SUITE }, unfinished);
    });
  }
  return folder;
}

/** Counts the words that the program prints, one a line. */
function start(command: string, args: readonly string[], settings: Readonly<Record<string, string>>): Clients {
  const env = { PATH: process.env['PATH'], ...settings };
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const tally = newTally();
  child.on('error', () => undefined);
  createInterface(child.stdout).on('line', (word) => {
    if (isTallied(word)) tally[word]++;
  });
  return {
    tally,
    async end() {
      child.kill('SIGKILL');
      await Promise.resolve();
    },
  };
}
