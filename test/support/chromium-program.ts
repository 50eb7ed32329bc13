import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackPackage } from '../../drill/servers/files/debian-packages.ts';
import { putInPlace } from '../../drill/servers/files/server-files.ts';

/** A Chromium of this machine. */
export interface ChromiumProgram {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

const VARIABLE = 'HEADROOM_CHROMIUM';
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'chromium-headless-shell'];
const TREE = fileURLToPath(new URL('../../.cache/chromium', import.meta.url));

/**
 * Finds Chromium: the program that HEADROOM_CHROMIUM names, else one on PATH, else one fetched once from the
 * distribution's archive. When there is none, throws and says what was tried and what to do.
 */
export async function findChromium(): Promise<ChromiumProgram> {
  const named = process.env[VARIABLE];
  if (named !== undefined && named !== '') return check({ file: named, environment: {} }, `${VARIABLE}=${named}`);
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = folders.flatMap((folder) => PROGRAMS.map((name) => join(folder, name))).find(existsSync);
  if (onPath !== undefined) return check({ file: onPath, environment: {} }, onPath);
  try {
    if (!existsSync(TREE)) await putInPlace(TREE, fetchInto);
    return check(inTree(), `fetched to ${TREE}; remove it to fetch it anew`);
  } catch (error) {
    throw new Error(
      `no Chromium on this machine. Tried ${VARIABLE} (not set), PATH (no ${PROGRAMS.join(', ')}) and fetching it ` +
        `(${error instanceof Error ? error.message : String(error)}). Install it, or set ${VARIABLE} to its program`,
      { cause: error },
    );
  }
}

/**
 * The shell without windows is the smaller one. It uses the machine's own C library, so it comes from the machine's own
 * suite.
 */
async function fetchInto(folder: string): Promise<void> {
  const suite = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (suite === undefined) throw new Error('/etc/os-release names no suite of Debian');
  await mkdir(folder, { mode: 0o755 });
  await unpackPackage(
    { name: 'chromium-headless-shell', suite, without: ['libc6', 'libgcc-s1', 'libstdc++6'] },
    folder,
  );
}

function inTree(): ChromiumProgram {
  const libraries = globSync(['lib/*-linux-gnu', 'usr/lib/*-linux-gnu', 'usr/lib/*-linux-gnu/pulseaudio'], {
    cwd: TREE,
  });
  return {
    file: join(TREE, 'usr/lib/chromium/chromium-headless-shell'),
    environment: { LD_LIBRARY_PATH: libraries.map((folder) => join(TREE, folder)).join(delimiter) },
  };
}

function check(program: ChromiumProgram, origin: string): ChromiumProgram {
  const { file, environment } = program;
  const printed = execFileSync(file, ['--version'], { env: { ...process.env, ...environment }, encoding: 'utf8' });
  if (!/Chrom/.test(printed)) throw new Error(`${origin} is not Chromium: ${printed.trim()}`);
  return program;
}
