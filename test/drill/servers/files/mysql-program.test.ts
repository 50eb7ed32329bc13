import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findMysqlProgram } from '../../../../drill/servers/files/mysql-program.ts';
import { serverAccount } from '../../../../drill/servers/files/server-files.ts';

const account = serverAccount();
let prefix: string;

beforeEach(() => {
  prefix = realpathSync(mkdtempSync(join(tmpdir(), 'headroom-programs-')));
  chmodSync(prefix, 0o755);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(prefix, { recursive: true });
});

/** A program that says what a server says of its version, where an installation would have it. */
function install(name: string, says: string): void {
  for (const folder of ['bin', 'share/english']) mkdirSync(join(prefix, folder), { recursive: true });
  writeFileSync(join(prefix, 'share/english/errmsg.sys'), '');
  writeFileSync(join(prefix, 'bin', name), `#!/bin/sh\necho "$0  ${says}"\n`);
  chmodSync(join(prefix, 'bin', name), 0o755);
}

const MYSQL_84 = 'Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)';
const MARIADB_114 = 'Ver 11.4.2-MariaDB for Linux on x86_64 (Arch Linux)';

test('a server in the folder that the variable names comes first', async () => {
  install('mysqld', MYSQL_84);
  vi.stubEnv('HEADROOM_MYSQL_HOME', prefix);
  expect(await findMysqlProgram('mysql', account)).toMatchObject({
    version: '8.4.3',
    command: [join(prefix, 'bin/mysqld'), '--no-defaults', `--basedir=${prefix}`, `--lc-messages-dir=${prefix}/share`],
    origin: `HEADROOM_MYSQL_HOME=${prefix}`,
  });
});

test('a server on PATH is taken when it is of the right kind, under either name', async () => {
  install('mysqld', MARIADB_114);
  vi.stubEnv('PATH', `/nowhere::${join(prefix, 'bin')}:${process.env['PATH']}`);
  expect(await findMysqlProgram('mariadb', account)).toMatchObject({
    version: '11.4.2-MariaDB',
    origin: join(prefix, 'bin/mysqld'),
  });
  expect((await findMysqlProgram('mysql', account)).origin).not.toContain(prefix);
});

test('a server on PATH that is too old is passed over', async () => {
  install('mysqld', 'Ver 5.7.44 for Linux on x86_64 (MySQL Community Server)');
  vi.stubEnv('PATH', `${join(prefix, 'bin')}:${process.env['PATH']}`);
  const { origin, version } = await findMysqlProgram('mysql', account);
  expect(origin).not.toContain(prefix);
  expect(Number.parseInt(version)).toBeGreaterThanOrEqual(8);
});

test.each([
  ['nothing', () => undefined, 'there is no mysqld below it'],
  ['the other kind', () => install('mysqld', MARIADB_114), 'is .*MariaDB'],
  ['an old one', () => install('mysqld', 'Ver 5.7.44'), 'is version 5.7.44; 8.0 is the oldest'],
  [
    'one that does not run',
    () => {
      install('mysqld', MYSQL_84);
      chmodSync(join(prefix, 'bin/mysqld'), 0o644);
    },
    'does not run',
  ],
])('a variable that names a folder with %s is an error that says so', async (_, prepare, reason) => {
  prepare();
  vi.stubEnv('HEADROOM_MYSQL_HOME', prefix);
  const finding = findMysqlProgram('mysql', account);
  await expect(finding).rejects.toThrow(new RegExp(`HEADROOM_MYSQL_HOME: .*holds no usable MySQL server: .*${reason}`));
  await expect(finding).rejects.toThrow('unset the variable');
});

test('the command that was found starts that very version', async () => {
  const { command, version } = await findMysqlProgram('mysql', account);
  const [file, ...args] = command;
  expect(execFileSync(file, [...args, '--version'], { encoding: 'utf8' })).toContain(version);
});
