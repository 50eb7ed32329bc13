import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '../../bin/node24.js');
/** Makes a launcher believe that it runs on an older Node; the one it starts gets the same preload and must not mind. */
const PRETENCE = `
if (process.env.PRETEND_OLD) Object.defineProperty(process.versions, 'node', { value: '20.19.0' });
if (process.env.PRETEND_ARCH) Object.defineProperty(process, 'arch', { value: process.env.PRETEND_ARCH });
`;

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'headroom-node24-'));
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  copyFileSync(LAUNCHER, join(root, 'bin/node24.js'));
  writeFileSync(
    join(root, 'bin/program.js'),
    `import { runOnNode24 } from './node24.js';\n${PRETENCE}\nawait runOnNode24('program');\n`,
  );
  writeFileSync(
    join(root, 'bin/program.ts'),
    `const status: number = Number(process.argv[2] ?? 0);
if (process.argv[2] === 'wait') {
  process.on('SIGTERM', () => { console.log('stopped tidily'); process.exit(7); });
  console.log('waiting');
  setInterval(() => undefined, 1000);
} else {
  console.log(JSON.stringify(process.argv.slice(2)));
  process.exitCode = status;
}
`,
  );
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function putNode(above: string, arch: string = process.arch): void {
  const folder = join(above, 'node_modules', `node-${process.platform}-${arch}`, 'bin');
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node'));
}

function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  place = root,
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [join(place, 'bin/program.js'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
}

describe('a program started through the launcher', () => {
  test('runs in place on Node 24, with its arguments and its exit status', () => {
    const { stdout, status } = run(['3', 'a b']);
    expect([stdout, status]).toEqual(['["3","a b"]\n', 3]);
  });

  test('keeps what it has compiled for the next time', () => {
    const kept = join(root, '.cache/compile');
    rmSync(kept, { recursive: true, force: true });
    run([]);
    expect(existsSync(kept)).toBe(true);
  });

  test('on an older Node without the packaged one, says what to do', () => {
    const { stderr, status } = run([], { PRETEND_OLD: '1' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/needs Node 24 or newer; this is 20\.19\.0[^]*with optional dependencies/);
  });

  test('on an older Node for which no packaged one exists, says so, and runs none that looks like it', () => {
    putNode(root, 'riscv64');
    const { stderr, status } = run([], { PRETEND_OLD: '1', PRETEND_ARCH: 'riscv64' });
    rmSync(join(root, 'node_modules'), { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(/None comes along for \w+-riscv64: install Node 24 from nodejs\.org/);
  });

  test('on an older Node, runs none of a folder above, which anybody may have put there', () => {
    const inner = join(root, 'shared/checkout');
    mkdirSync(join(inner, 'bin'), { recursive: true });
    for (const file of ['package.json', 'bin/node24.js', 'bin/program.js', 'bin/program.ts']) {
      copyFileSync(join(root, file), join(inner, file));
    }
    for (const above of [join(root, 'shared'), root]) putNode(above);
    const { status, stderr } = run([], { PRETEND_OLD: '1' }, inner);
    rmSync(join(root, 'node_modules'), { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toContain('needs Node 24 or newer');
  });

  test.each(['headroom', '@scope/headroom'])(
    'on an older Node, as the package %s, runs what was built of it under the one that was installed beside it',
    (name) => {
      const inner = join(root, 'project/node_modules', name);
      for (const folder of ['bin', 'dist/bin']) mkdirSync(join(inner, folder), { recursive: true });
      for (const file of ['package.json', 'bin/node24.js', 'bin/program.js']) {
        copyFileSync(join(root, file), join(inner, file));
      }
      writeFileSync(join(inner, 'dist/bin/program.js'), 'console.log("built");');
      putNode(join(root, 'project'));
      const { stdout } = run([], { PRETEND_OLD: '1' }, inner);
      rmSync(join(root, 'project'), { recursive: true });
      expect(stdout).toBe('built\n');
    },
  );

  test('on an older Node, as a package with a scope, runs none of a folder above that holds no packages', () => {
    const inner = join(root, 'lent/@scope/headroom');
    for (const folder of ['bin', 'dist/bin']) mkdirSync(join(inner, folder), { recursive: true });
    for (const file of ['package.json', 'bin/node24.js', 'bin/program.js']) {
      copyFileSync(join(root, file), join(inner, file));
    }
    writeFileSync(join(inner, 'dist/bin/program.js'), 'console.log("built");');
    putNode(join(root, 'lent'));
    const { status, stdout } = run([], { PRETEND_OLD: '1' }, inner);
    rmSync(join(root, 'lent'), { recursive: true });
    expect([status, stdout]).toEqual([1, '']);
  });

  test('on an older Node, runs under the packaged one, with its arguments and its exit status', () => {
    putNode(root);
    const { stdout, status } = run(['4', 'a b'], { PRETEND_OLD: '1' });
    expect([stdout, status]).toEqual(['["4","a b"]\n', 4]);
  });

  test('under the packaged Node, gets the signals that the launcher gets', async () => {
    const child = spawn(process.execPath, [join(root, 'bin/program.js'), 'wait'], {
      env: { PATH: process.env['PATH'], PRETEND_OLD: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output === 'waiting\n') child.kill('SIGTERM');
    });
    const [status] = (await once(child, 'exit')) as [number];
    expect([output, status]).toEqual(['waiting\nstopped tidily\n', 7]);
  });
});
