import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MysqlFlavour } from './mysql-flavours.ts';
import type { MysqlProgram } from './mysql-inspection.ts';
import { findMysqlProgram } from './mysql-program.ts';
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

/** A data folder ready to be started, as a private copy. */
export interface MysqlFiles extends ServerFolder {
  readonly program: MysqlProgram;
  readonly account: Account;
  /** For its temporary tables: its own. */
  readonly temporary: string;
  readonly adminPassword: string;
}

/** In the data folder. */
export const PID_FILE = 'server.pid';

/** For every server of ours: a rehearsal's data need not survive a power cut, and has to be copied fast. */
export const SMALL_AND_FAST = {
  'innodb-buffer-pool-size': '32M',
  'innodb-doublewrite': 'OFF',
  'innodb-flush-method': 'nosync',
  'innodb-flush-log-at-trx-commit': '2',
} as const;
/** Less makes MySQL wait for its redo log while it initialises. */
export const LOG_SIZE = {
  mysql: { 'innodb-redo-log-capacity': '32M' },
  mariadb: { 'innodb-log-file-size': '8M' },
} as const satisfies Record<MysqlFlavour, Readonly<Record<string, string>>>;

/** Makes the files of one server. The first call for a version initialises a template, later ones only copy it. */
export async function makeMysqlFiles(flavour: MysqlFlavour): Promise<MysqlFiles> {
  const account = serverAccount();
  const program = await findMysqlProgram(flavour, account);
  const cache = await cacheFolder('mysql');
  await sweepLeftovers(cache, PID_FILE);
  const template = join(cache, `template-${flavour}-${program.version.replace(/[^\w.-]/g, '_')}`);
  if (!existsSync(template)) await makeTemplate(template, program, account);
  const files = await copyTemplate(template, cache, account);
  // Temporary tables of two servers in one folder would have the same names.
  const temporary = join(files.folder, 'tmp');
  await giveFolder(temporary, account);
  return {
    ...files,
    temporary,
    program,
    account,
    adminPassword: readFileSync(join(template, 'password'), 'utf8'),
  };
}

export function toArguments(options: Readonly<Record<string, string>>): string[] {
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

async function makeTemplate(template: string, program: MysqlProgram, account: Account): Promise<void> {
  await putInPlace(template, async (unfinished) => {
    await mkdir(unfinished, { mode: 0o755 });
    const password = randomBytes(18).toString('hex');
    await writeFile(join(unfinished, 'password'), password, { mode: 0o600 });
    const data = join(unfinished, 'data');
    await giveFolder(data, account);
    const initialise = program.flavour === 'mysql' ? initialiseMysql : initialiseMariadb;
    await initialise({ program, account, folder: unfinished, data, password });
  });
}

interface Initialisation {
  readonly program: MysqlProgram;
  readonly account: Account;
  readonly folder: string;
  readonly data: string;
  readonly password: string;
}

/** Root may log in over the network, from this machine, with its password, and in no other way. */
async function initialiseMysql({ program, account, folder, data, password }: Initialisation): Promise<void> {
  const script = join(folder, 'root.sql');
  const statements = [
    `RENAME USER 'root'@'localhost' TO 'root'@'127.0.0.1';`,
    `ALTER USER 'root'@'127.0.0.1' IDENTIFIED BY '${password}';`,
  ];
  await writeFile(script, `${statements.join('\n')}\n`, { mode: 0o600 });
  await own(script, account);
  const options = toArguments({ ...SMALL_AND_FAST, ...LOG_SIZE.mysql, 'secure-file-priv': '', 'init-file': script });
  start(program, [`--datadir=${data}`, '--initialize-insecure', ...options], account);
  // The server's identity: each copy makes one of its own when it starts.
  await rm(join(data, 'auto.cnf'));
  await rm(script);
}

/** What mariadb-install-db does, without the programs around it; the server's files are enough. */
function initialiseMariadb({ program, account, data, password }: Initialisation): Promise<void> {
  const scripts = [
    'mysql_system_tables',
    'mysql_performance_tables',
    'mysql_system_tables_data',
    'maria_add_gis_sp_bootstrap',
    'mysql_sys_schema',
  ];
  const statements = [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    'SET @auth_root_socket = NULL;',
    ...scripts.map((script) => readFileSync(join(program.share, `${script}.sql`), 'utf8')),
    `DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';`,
    'FLUSH PRIVILEGES;',
    `CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    `GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;`,
  ];
  const options = toArguments({ ...SMALL_AND_FAST, ...LOG_SIZE.mariadb });
  start(program, [`--datadir=${data}`, '--bootstrap', ...options], account, `${statements.join('\n')}\n`);
  return Promise.resolve();
}

function start({ command }: MysqlProgram, args: readonly string[], account: Account, input = ''): void {
  const [file, ...first] = command;
  run(file, [...first, ...args], account, input);
}
