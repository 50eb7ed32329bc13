import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import * as z from 'zod';
import { argumentsOf } from '../../support/printed-commands.ts';
import { runInProcess } from '../../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'headroom-pause-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const records = join(folder, 'records');
const config = join(folder, 'headroom.yaml');
writeFileSync(
  config,
  'targets: [{ id: orders, engine: mysql, auth: { mode: url, variable: A } }, { id: shop, engine: mysql, auth: { mode: url, variable: B } }]\n',
);
const place = ['--records', records, '--config', config];
const runProgram = (args: readonly string[]) => runInProcess(args, { folder });
const run = async (...args: readonly string[]) => {
  const { status, stdout } = await runProgram([...args, ...place]);
  expect(status).toBe(0);
  return stdout;
};
const pause = z.object({
  targetId: z.nullable(z.string()),
  tier: z.nullable(z.string()),
  by: z.string(),
  why: z.string(),
  at: z.number(),
  until: z.nullable(z.number()),
});

it('shows an empty list without making the records', async () => {
  expect(await run('pause', '--list')).toBe('nothing is paused\n');
  expect(existsSync(records)).toBe(false);
});

it('pauses everything, a target or a tier, lists them, and lifts each by itself', async () => {
  const made = pause.parse(
    JSON.parse(await run('pause', '--all', '--for', '2h', '--why', 'a move', '--by', 'ann', '--json')),
  );
  expect(made).toMatchObject({ targetId: null, tier: null, by: 'ann', why: 'a move' });
  expect((made.until ?? 0) - made.at).toBe(2 * 3_600_000);
  await run('pause', '--target', 'orders', '--tier', 'kill-idle', '--why', 'they matter', '--by', 'bob');

  const listed = await run('pause', '--list');
  expect(listed).toContain('everything: paused by ann until ');
  expect(listed).toContain('kill-idle of orders: paused by bob: they matter');
  expect(z.array(pause).parse(JSON.parse(await run('pause', '--list', '--json', '--target', 'shop')))).toEqual([made]);

  // Whoever resumes less than was paused must not believe that all is well.
  const less = await run('resume', '--target', 'orders');
  expect(less).toContain('there was no pause of orders to lift');
  expect(less).toContain('still active: everything');
  const lifted = z
    .object({ was: pause, remaining: z.array(pause) })
    .parse(JSON.parse(await run('resume', '--all', '--json')));
  expect(lifted.was).toEqual(made);
  expect(lifted.remaining.map(({ by }) => by)).toEqual(['bob']);
  expect(await run('resume', '--target', 'orders', '--tier', 'kill-idle')).not.toContain('still active');
  expect(await run('pause', '--list')).toBe('nothing is paused\n');
  expect(await run('resume', '--all')).toBe('there was no pause of everything to lift\n');
});

it('knows no target by a wrong name, and names those that there are', async () => {
  for (const command of [['pause', '--why', 'a move'], ['resume']]) {
    const { status, stdout, stderr } = await runProgram([...command, '--target', 'ordres', ...place]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('no such target; it has orders, shop');
  }
  expect(await run('pause', '--list')).toBe('nothing is paused\n');
});

it('does not cut short what somebody else has paused for longer', async () => {
  await run('pause', '--target', 'orders', '--why', 'a migration runs', '--by', 'ann');
  const shorter = ['pause', '--target', 'orders', '--for', '1h', '--why', 'lunch', '--by', 'bob', ...place];
  const { status, stderr } = await runProgram(shorter);
  expect(status).toBe(2);
  expect(stderr).toContain('paused by ann: a migration runs');
  expect(await run('pause', '--list')).toContain('paused by ann: a migration runs');
  const lift = argumentsOf(/Lift it first: (.*)/.exec(stderr)?.[1] ?? '') ?? [];
  expect((await runProgram(lift)).stdout).toContain('orders is resumed; it was paused by ann');
  await run('pause', '--target', 'orders', '--why', 'a migration runs', '--by', 'ann');

  expect(await run('pause', '--target', 'orders', '--why', 'it still runs', '--by', 'bob')).toContain(
    'replaces: orders: paused by ann',
  );
  await run('resume', '--target', 'orders');
});
