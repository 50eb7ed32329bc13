import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/**
 * Runs a TypeScript program on the Node that Lambda has: in this process where it is recent enough, else under the Node
 * that comes with the packages. Arguments, input and output, signals and exit status are the program's own. Written in
 * plain JavaScript because an older Node reads it.
 * @param {string | URL} script file URL of the program @returns {Promise<void>}
 */
export async function runOnNode24(script) {
  keepCompiledCode();
  if (majorOf(process.versions.node) >= NEEDED_MAJOR) {
    await import(String(script));
    return;
  }
  const node = findPackagedNode(ROOT);
  if (node === null) {
    console.error(
      `This program needs Node ${NEEDED_MAJOR} or newer; this is ${process.versions.node} and no packaged one is installed for ` +
        `${process.platform}-${process.arch}. Run "npm ci" (with optional dependencies), or install Node ${NEEDED_MAJOR}.`,
    );
    process.exitCode = 1;
    return;
  }
  await runUnder(node, fileURLToPath(script));
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
  const platformPackage = `node-${process.platform}-${process.arch}`;
  const home = dirname(join(root, 'package.json'));
  const beside = basename(dirname(home)) === 'node_modules' ? [dirname(home)] : [];
  return (
    [join(home, 'node_modules'), ...beside]
      .map((packages) => join(packages, platformPackage, 'bin', 'node'))
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
  const path = [dirname(node), process.env.PATH].join(':');
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
