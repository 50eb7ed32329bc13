import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHeadroom, startHeadroom } from '../../support/headroom.ts';
import { startLeakingServer, type LeakingServer } from '../../support/leaking-server.ts';
import { runInProcess } from '../../support/program.ts';

let staging: LeakingServer;
beforeAll(async () => {
  staging = await startLeakingServer(['invoices']);
});
afterAll(() => staging.stop());

describe('limits set and lift', () => {
  it('are refused where nobody would lift the limit; beside a watch the limit is set, lifted early, and goes with the watch', async () => {
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

    const watching = startHeadroom(['watch', ...place, '--port', '0'], environment);
    await watching.said(/staging: usage/);
    const denied = await runHeadroom(['limits', 'set', ...about, ...ask], environment, 'yes\n');
    expect(denied.status).toBe(2);
    expect(denied.stdout).toMatch(/would limit invoices to 10 connections for 30 min; ends nobody/);
    expect(denied.stdout).toMatch(/lifts it +headroom watch/);
    expect(denied.stderr).toContain('Type invoices to go on');
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
