import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Of no use to a server, and large. */
const NOT_NEEDED = /^(lib)?perl/;

export interface DebianPackage {
  readonly name: string;
  /** The suite of the archive to take it from, whatever this machine runs on. */
  readonly suite: string;
  /** Packages that are left out because this machine has its own: by the start of their names. */
  readonly without?: readonly string[];
}

/**
 * Downloads a package with all it depends on, down to the C library, from the archive this machine installs from, and
 * unpacks them into a folder. Needs no root and touches nothing of the system: apt works on lists and a cache of its
 * own. Throws, saying what was tried, when this machine has no apt or no archive of it has the package.
 */
export async function unpackPackage({ name, suite, without = [] }: DebianPackage, folder: string): Promise<void> {
  const work = join(folder, 'apt');
  try {
    const tried: string[] = [];
    for (const archive of await findArchives(work)) {
      const failure = await download(archive, suite, name, work).then(
        () => null,
        (error: unknown) => reasonOf(error),
      );
      if (failure === null) return await unpack(join(work, 'cache', 'archives'), folder, without);
      tried.push(`${archive} (${failure})`);
    }
    throw new Error(
      `no archive of this machine gave the package ${name} of the suite ${suite}; tried ${tried.join(', ') || 'none: apt has no sources'}`,
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Where this machine installs from, as its own apt sources have it. */
async function findArchives(work: string): Promise<string[]> {
  await prepare(work);
  const config = await configure(work, []);
  const { stdout } = await execute('apt-get', ['-c', config, 'update', '--print-uris']).catch((error: unknown) => {
    throw new Error(`cannot ask apt where this machine installs from: ${reasonOf(error)}`);
  });
  const archives = [...stdout.matchAll(/^'([^']+)\/dists\/[^']+\/InRelease'/gm)].map(([, archive = '']) => archive);
  return [...new Set(archives)];
}

async function download(archive: string, suite: string, name: string, work: string): Promise<void> {
  await prepare(work);
  const sources = join(work, 'sources.list');
  const signedBy = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  await writeFile(sources, `deb ${signedBy}${archive} ${suite} main\n`);
  const config = await configure(work, [
    `Dir::Etc::sourcelist "${sources}";`,
    'Dir::Etc::sourceparts "-";',
    'Dir::Etc::preferences "-";',
    'Dir::Etc::preferencesparts "-";',
    `APT::Default-Release "${suite}";`,
  ]);
  await execute('apt-get', ['-c', config, '--error-on=any', 'update']);
  await execute('apt-get', ['-c', config, '--yes', '--download-only', '--no-install-recommends', 'install', name]);
}

async function prepare(work: string): Promise<void> {
  await rm(work, { recursive: true, force: true });
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  // As if nothing were installed, so that everything the package needs comes along.
  await writeFile(join(work, 'status'), '');
}

/** A file, because it is read after the machine's own settings and can take back hooks, which act on the system. */
async function configure(work: string, further: readonly string[]): Promise<string> {
  const file = join(work, 'apt.conf');
  const lines = [
    `Dir::State "${join(work, 'state')}";`,
    `Dir::State::status "${join(work, 'status')}";`,
    `Dir::Cache "${join(work, 'cache')}";`,
    'APT::Sandbox::User "";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
    ...['Pre-Invoke', 'Post-Invoke', 'Post-Invoke-Success'].map((hook) => `#clear APT::Update::${hook};`),
    ...further,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

async function unpack(archives: string, folder: string, without: readonly string[]): Promise<void> {
  const packages = (await readdir(archives)).filter(
    (file) => file.endsWith('.deb') && !NOT_NEEDED.test(file) && !without.some((name) => file.startsWith(`${name}_`)),
  );
  for (const file of packages) await execute('dpkg-deb', ['--extract', join(archives, file), folder]);
  await rm(join(folder, 'usr', 'share', 'doc'), { recursive: true, force: true });
}

/** apt's own first complaint, or what kept it from running. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const complaint = 'stderr' in error && typeof error.stderr === 'string' ? /^E: (.+)$/m.exec(error.stderr)?.[1] : null;
  return complaint ?? error.message;
}
