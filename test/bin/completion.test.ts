import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Finished } from '../support/headroom.ts';
import { runInProcess } from '../support/program.ts';

/** The library writes by the console, which the test runner has for itself. */
async function run(...args: string[]): Promise<Finished> {
  const lines: unknown[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  const finished = await runInProcess(args, { folder: tmpdir() });
  log.mockRestore();
  return { ...finished, stdout: [finished.stdout, ...lines].join('\n').trim() };
}

/** What a shell is offered for a line that ends with the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout } = await run('complete', '--', ...words);
  const lines = stdout.split('\n').filter((line) => !line.startsWith(':'));
  return lines.map((line) => line.split('\t')[0] ?? '');
}

test('--version is that of the package', async () => {
  expect(await run('--version')).toEqual({ status: 0, stdout: manifest.version, stderr: '' });
});

describe('a shell', () => {
  test('is offered commands, the commands inside one, options, and the choices of an option', async () => {
    expect(await offered('p')).toEqual(['plan', 'pause', 'profile']);
    expect(await offered('incidents', '')).toEqual(expect.arrayContaining(['list', 'show', 'close']));
    expect(await offered('plan', '--t')).toEqual(['--target']);
    expect(await offered('drill', '--engine', '')).toEqual(['postgres', 'mysql', 'mariadb', 'all']);
  });

  test.each(['bash', 'zsh', 'fish'])('gets a script for %s that asks this program', async (shell) => {
    const { status, stdout } = await run('completion', shell);
    expect(status).toBe(0);
    expect(stdout).toContain('headroom complete --');
  });

  test('gets one that bash reads', async () => {
    const { stdout } = await run('completion', 'bash');
    expect(spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  test('of another kind is told which ones there are', async () => {
    const { status, stderr } = await run('completion', 'tcsh');
    expect([status, stderr]).toEqual([2, expect.stringContaining('zsh, bash, fish')]);
  });
});
