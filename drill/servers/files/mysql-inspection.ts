import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FLAVOUR_FACTS, type MysqlFlavour } from './mysql-flavours.ts';
import { run, type Account } from './server-files.ts';

/** A server program of this machine, and how it is called. */
export interface MysqlProgram {
  readonly flavour: MysqlFlavour;
  /** As the program says: `9.7.4-2`, `10.11.18-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** Program and first arguments, which say where its own files are. */
  readonly command: readonly [string, ...string[]];
  /** The folder with its messages and, for MariaDB, the scripts of its system tables. */
  readonly share: string;
  /** Where it came from, for people. */
  readonly origin: string;
}

interface FoundProgram {
  readonly flavour: MysqlFlavour;
  readonly file: string;
  /** The folder that a package was unpacked to; null where none was. */
  readonly tree: string | null;
  /** Where it came from, for people. */
  readonly origin: string;
}

/**
 * The program, ready to be called by the server's account; else why it cannot be used, in words that follow its name.
 */
export function inspectProgram({ flavour, file, tree, origin }: FoundProgram, account: Account): MysqlProgram | string {
  const launcher = launcherOf(file, tree);
  let printed: string;
  try {
    printed = run(launcher[0], [...launcher.slice(1), '--no-defaults', '--version'], account);
  } catch (error) {
    return `does not run: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
  const version = /\bVer (\S+)/.exec(printed)?.[1] ?? '';
  if (/mariadb/i.test(printed) !== (flavour === 'mariadb')) return `is ${printed.trim()}`;
  if (!isRecent(version, FLAVOUR_FACTS[flavour].oldest)) {
    return `is version ${version}; ${FLAVOUR_FACTS[flavour].oldest.join('.')} is the oldest that Headroom is for`;
  }
  const base = dirname(dirname(file));
  const share = firstExisting(base, ['share/mysql', 'share/mariadb', 'share'], 'english/errmsg.sys');
  if (share === null) return 'has no folder with its messages beside it';
  const plugins = firstExisting(base, ['lib/mysql/plugin', 'lib64/mysql/plugin', 'lib/plugin', 'lib64/plugin'], '');
  return {
    flavour,
    version,
    command: [
      ...launcher,
      '--no-defaults',
      `--basedir=${base}`,
      `--lc-messages-dir=${share}`,
      ...(plugins === null ? [] : [`--plugin-dir=${plugins}`]),
    ],
    share,
    origin,
  };
}

/**
 * A tree that brings its own C library is started through that library's loader, so that it runs on any Linux.
 */
export function launcherOf(file: string, tree: string | null): [string, ...string[]] {
  if (tree === null) return [file];
  const loader = listFolders(tree, ['lib64', 'usr/lib64', 'lib', 'usr/lib']).find((each) =>
    /\/ld-linux[^/]*\.so\.\d+$/.test(each),
  );
  if (loader === undefined) return [file];
  const libraries = listFolders(tree, ['lib', 'usr/lib']).filter((each) => /-linux-gnu[^/]*$/.test(each));
  return [loader, '--library-path', libraries.join(':'), file];
}

function listFolders(base: string, folders: readonly string[]): string[] {
  return folders
    .map((folder) => join(base, folder))
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
}

function isRecent(version: string, [oldestMajor, oldestMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function firstExisting(base: string, folders: readonly string[], witness: string): string | null {
  return folders.map((folder) => join(base, folder)).find((folder) => existsSync(join(folder, witness))) ?? null;
}
