import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { unpackPackage } from '../../drill/servers/files/debian-packages.ts';
import { cacheFolder, putInPlace } from '../../drill/servers/files/server-files.ts';

const execute = promisify(execFile);

export interface PtKill {
  readonly version: string;
  /** Runs it for a while with these further options, logged in as the URL says. Settles when it has ended. */
  run(url: string, seconds: number, options: readonly string[]): Promise<void>;
}

/**
 * pt-kill of percona-toolkit with what it needs (Perl itself excepted), fetched once from the archive this machine
 * installs from. Throws, saying what is missing, when it cannot be had.
 */
export async function fetchPtKill(): Promise<PtKill> {
  const tree = join(await cacheFolder('mysql'), 'percona-toolkit');
  if (!existsSync(tree)) {
    await putInPlace(tree, async (unfinished) => {
      await mkdir(unfinished, { mode: 0o755 });
      await unpackPackage({ name: 'percona-toolkit', suite: 'bookworm' }, unfinished);
      await keepClientLibrary(unfinished);
    });
  }
  const call = perlIn(tree);
  const { stdout } = await call(['--version']).catch((cause: unknown) => {
    throw new Error('pt-kill does not run: install Perl, or percona-toolkit with it', { cause });
  });
  return {
    version: stdout.trim(),
    async run(url, seconds, options) {
      const { hostname, port, username, password } = new URL(url);
      const defaults = join(tree, `login-${process.pid}.cnf`);
      await writeFile(
        defaults,
        [
          '[client]',
          `user=${decodeURIComponent(username)}`,
          `password=${decodeURIComponent(password)}`,
          // MySQL's way to log in is a plugin of the driver's library.
          `plugin-dir=${join(tree, 'client-library')}`,
          '',
        ].join('\n'),
        {
          mode: 0o600,
        },
      );
      const place = ['--defaults-file', defaults, '--host', hostname, '--port', port];
      await call([...place, '--no-version-check', '--run-time', String(seconds), ...options]);
    },
  };
}

/** The driver's own library and its plugins, apart from the C library that came along with them. */
async function keepClientLibrary(tree: string): Promise<void> {
  await mkdir(join(tree, 'client-library'));
  for (const folder of await librariesIn(tree)) {
    for (const file of await readdir(folder, { recursive: true })) {
      const isWanted = /(^libmariadb\.so|libmariadb3\/plugin\/.*\.so$)/.test(file);
      if (isWanted) await copyFile(join(folder, file), join(tree, 'client-library', basename(file)));
    }
  }
}

async function librariesIn(tree: string): Promise<string[]> {
  const lib = join(tree, 'usr', 'lib');
  return (await readdir(lib)).filter((name) => /-linux-gnu/.test(name)).map((name) => join(lib, name));
}

function perlIn(tree: string) {
  return async (args: readonly string[]) => {
    const folders = await librariesIn(tree);
    const compiled = await Promise.all(
      folders.map(async (folder) =>
        (await readdir(join(folder, 'perl5'))).map((version) => join(folder, 'perl5', version)),
      ),
    );
    const env = {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LD_LIBRARY_PATH: join(tree, 'client-library'),
      PERL5LIB: [...compiled.flat(), join(tree, 'usr', 'share', 'perl5')].join(':'),
    };
    return execute('perl', [join(tree, 'usr', 'bin', 'pt-kill'), ...args], { env });
  };
}
