import { existsSync, realpathSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { errorWords } from '../../../functions/core/words/error-words.ts';
import { PACKAGE_ROOT } from '../../../lib/house/package.ts';
import { unpackPackage } from './debian-packages.ts';
import { FLAVOUR_FACTS, type MysqlFlavour } from './mysql-flavours.ts';
import { inspectProgram, type MysqlProgram } from './mysql-inspection.ts';
import { cacheFolder, putInPlace, run, sweepLeftovers, type Account } from './server-files.ts';

/** Where servers are installed that a plain user's PATH does not include. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/libexec'];

/**
 * Finds a server: in the folder that the flavour's variable names; else on PATH; else fetched from Debian's archive,
 * once. Throws, saying what was tried and what to do, when there is none.
 */
export async function findMysqlProgram(flavour: MysqlFlavour, account: Account): Promise<MysqlProgram> {
  const { variable } = FLAVOUR_FACTS[flavour];
  const home = process.env[variable];
  if (home !== undefined && home !== '') return inHome(flavour, home, account);
  const onPath = inFolders(flavour, [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS], account);
  return onPath.program ?? (await fetchProgram(flavour, account, onPath.unsuitable));
}

function inHome(flavour: MysqlFlavour, home: string, account: Account): MysqlProgram {
  const { title, variable, programs } = FLAVOUR_FACTS[flavour];
  const { program, unsuitable } = inTree(flavour, home, account, `${variable}=${home}`);
  if (program !== null) return program;
  const found = unsuitable.length > 0 ? unsuitable.join('; ') : `there is no ${programs.join(' or ')} below it`;
  throw new Error(
    `${variable}: ${JSON.stringify(home)} holds no usable ${title} server: ${found}; ` +
      'name the folder a server was unpacked to or installed in, or unset the variable',
  );
}

interface Search {
  readonly program: MysqlProgram | null;
  /** What was found and cannot be used, and why. */
  readonly unsuitable: readonly string[];
}

/** A folder as a package was unpacked to it, or an installation prefix. */
function inTree(flavour: MysqlFlavour, home: string, account: Account, origin: string): Search {
  const folders = ['usr/sbin', 'sbin', 'bin', 'usr/bin', 'libexec'].map((folder) => join(home, folder));
  return inFolders(flavour, folders, account, { home, origin });
}

function inFolders(
  flavour: MysqlFlavour,
  folders: readonly string[],
  account: Account,
  tree: { readonly home: string; readonly origin: string } | null = null,
): Search {
  const unsuitable: string[] = [];
  for (const folder of folders.filter((each) => each !== '')) {
    for (const file of FLAVOUR_FACTS[flavour].programs.map((name) => join(folder, name)).filter(existsSync)) {
      const found = { flavour, file: realpathSync(file), tree: tree?.home ?? null, origin: tree?.origin ?? file };
      const program = inspectProgram(found, account);
      if (typeof program !== 'string') return { program, unsuitable };
      unsuitable.push(`${file} ${program}`);
    }
  }
  return { program: null, unsuitable };
}

async function fetchProgram(
  flavour: MysqlFlavour,
  account: Account,
  unsuitable: readonly string[],
): Promise<MysqlProgram> {
  const { title, variable, programs, debian } = FLAVOUR_FACTS[flavour];
  const tree = join(await fetchFolder(account), flavour);
  try {
    if (!existsSync(tree)) {
      await putInPlace(tree, async (unfinished) => {
        await mkdir(unfinished, { mode: 0o755 });
        await unpackPackage(debian, unfinished);
      });
    }
    const { program, unsuitable: broken } = inTree(flavour, tree, account, `fetched to ${tree}`);
    if (program !== null) return program;
    throw new Error(`what was fetched cannot be used (${broken.join('; ') || 'no server in it'}); remove ${tree}`);
  } catch (error) {
    const seen = unsuitable.length > 0 ? unsuitable.join('; ') : `no ${programs.join(' or ')}`;
    throw new Error(
      `no ${title} server on this machine. Tried ${variable} (not set), PATH (${seen}) and fetching it ` +
        `(${errorWords(error)}). Install ${title} ` +
        `${FLAVOUR_FACTS[flavour].oldest.join('.')} or later, or set ${variable} to a folder that holds it`,
      { cause: error },
    );
  }
}

/** In the checkout, where it outlives the machine's restart; elsewhere when the server's account cannot get there. */
async function fetchFolder(account: Account): Promise<string> {
  const inCheckout = join(PACKAGE_ROOT, '.cache', 'servers');
  let folder: string;
  try {
    await mkdir(inCheckout, { recursive: true, mode: 0o755 });
    await chmod(inCheckout, 0o755);
    run('test', ['-x', inCheckout], account);
    folder = inCheckout;
  } catch {
    folder = await cacheFolder('mysql');
  }
  await sweepLeftovers(folder, 'server.pid');
  return folder;
}
