import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startHeadroom } from '../../support/headroom.ts';
import { startLeakingServer, type LeakingServer } from '../../support/leaking-server.ts';
import { runInProcess } from '../../support/program.ts';
import { startInWindow } from '../../support/terminal.ts';

let staging: LeakingServer;
beforeAll(async () => {
  staging = await startLeakingServer(['invoices']);
});
afterAll(() => staging.stop());

describe('limits set and lift', () => {
  it('are refused where nobody would lift the limit; beside a watch the limit is offered by top, set, lifted early, and goes with the watch', async () => {
    const { folder, environment } = staging;
    const place = ['--config', staging.configure(), '--records', join(folder, 'records')];
    const about = [...place, '--target', 'staging', '--user', 'invoices'];
    const run = (...args: readonly string[]) => runInProcess(args, { folder, environment });
    const ask = ['--limit', '10', '--why', 'it storms', '--by', 'ann'];
    const limited = () => staging.server.limitedUsers();

    const alone = await run('limits', 'set', ...about, ...ask, '--yes');
    expect(alone.status).toBe(4);
    expect(alone.stderr).toMatch(/no watch of staging .* npx --no headroom watch --config/);
    expect(await limited()).toEqual([]);

    const watching = startHeadroom(['watch', ...place, '--every', '5', '--port', '0'], environment);
    onTestFinished(async () => {
      watching.interrupt();
      await watching.finished;
    });
    await watching.said(/staging: usage/);
    const top = await startInWindow(['top', ...place], { ...environment, TERM: 'xterm-256color', NO_COLOR: '1' });
    onTestFinished(() => top.kill());
    await top.next('q quit');
    top.type('l');
    for (const [question, answer] of [
      ['user: ', 'invoices'],
      ['connections (5 is half of what it holds, as its usual is not known): ', ''],
      ['for: ', ''],
      ['record: ', 'it storms'],
      ['would limit invoices to 5 connections for 30 min; ends nobody', null],
      ['lifts it headroom watch', null],
      ['Type invoices to go on: ', 'yes'],
      ['not confirmed: no limit was set', null],
      ['goes back to the picture. ', ''],
    ] as const) {
      await top.next(question);
      if (answer !== null) top.type(`${answer}\r`);
    }
    await top.next('up/down');
    top.type('q');
    await top.finished;
    expect(await limited()).toEqual([]);

    const set = await run('limits', 'set', ...about, ...ask, '--for', '2h', '--yes', '--json');
    expect(set.status).toBe(0);
    expect(JSON.parse(set.stdout)).toMatchObject({ outcome: 'done', limit: 10, before: null, forMs: 7_200_000 });
    expect(await limited()).toEqual(['invoices']);
    expect((await run('limits', 'list', ...place, '--target', 'staging')).stdout).toMatch(
      /invoices: 10 connections since \S+ until \S+ \(before: no limit\)/,
    );
    expect(readFileSync(join(folder, 'notices'), 'utf8')).toContain('ann limited invoices to 10 connections for 2 h');

    const lifted = await run('limits', 'lift', ...about);
    expect(lifted).toMatchObject({ status: 0 });
    expect(lifted.stdout).toContain('lifted, as read back from the server (before it: no limit)');
    expect(await limited()).toEqual([]);

    expect((await run('limits', 'set', ...about, ...ask, '--yes')).stdout).toMatch(
      /invoices is limited to 10, as read back from the server, until .*\n.*ALTER ROLE "?invoices"? CONNECTION LIMIT -1/,
    );
    expect(await limited()).toEqual(['invoices']);
    watching.interrupt();
    await watching.finished;
    expect(await limited()).toEqual([]);
  });
});

describe('limits set', () => {
  it('names every problem of its options at once, and touches nothing', async () => {
    const { status, stderr } = await runInProcess(['limits', 'set', '--user', 'x', '--limit', '0', '--for', '25h'], {
      folder: staging.folder,
    });
    expect(status).toBe(2);
    for (const words of [
      '--limit "0": use a whole number',
      '--for 25h: a temporary limit lasts 24h at most',
      '--why is missing',
    ])
      expect(stderr).toContain(words);
  });
});
