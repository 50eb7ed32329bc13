import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRecords } from '../../../local/records/records.ts';
import { aTarget } from '../../support/a-session.ts';
import { runInProcess } from '../../support/program.ts';

const HOSTILE = 'mail\n\u202eroot';
const folder = mkdtempSync(join(tmpdir(), 'headroom-limits-'));
const records = join(folder, 'records');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const opened = await openRecords('headroom', records);
  const { store } = opened;
  const alarm = { alarm: 'high', at: 0, reason: '' };
  const limit = { account: '', limit: 5, before: null, at: 0, setBy: 0, isSet: true, toldAt: null };
  for (const [id, user] of [
    ['closed', 'checkout'],
    ['hostile', HOSTILE],
    ['open', 'search'],
  ] as const) {
    await store.incidents.open({ id, target: aTarget({ id }), alarm, at: 0, leaseUntil: 0 });
    if (id !== 'open') await store.incidents.close(id, { outcome: 'relieved', at: 1, failure: null, notice: null });
    await store.limits.record({ ...limit, targetId: 'shop', incidentId: id, user });
  }
  await opened.stop();
});

const run = (...args: readonly string[]) =>
  runInProcess(['limits', ...args, '--target', 'shop', '--records', records], { folder });

it('shows which limits are on record', async () => {
  const { status, stdout } = await run('list');
  expect(status).toBe(0);
  expect(stdout.split('\n')).toContain(
    'checkout: 5 connections since 1970-01-01T00:00:00.000Z (before: no limit), incident closed',
  );
  expect(stdout).toContain('mail·root: 5 connections');
  expect(JSON.parse((await run('list', '--json')).stdout)).toHaveLength(3);
});

it('takes one off the record, with who and why, however its user is called', async () => {
  const drop = (user: string) => run('drop', '--user', user, '--by', 'ann', '--why', 'lifted by hand');
  expect(await drop('checkout')).toMatchObject({ status: 0 });
  expect(await drop('mail·root')).toMatchObject({ status: 0 });
  expect((await run('list')).stdout).not.toMatch(/checkout|mail/);
  const opened = await openRecords('headroom', records);
  const dropped = { end: 'dropped', dropped: { by: 'ann', why: 'lifted by hand' } };
  try {
    expect(await opened.store.limits.settledOf('closed')).toMatchObject([{ user: 'checkout', ...dropped }]);
    expect(await opened.store.limits.settledOf('hostile')).toMatchObject([{ user: HOSTILE, ...dropped }]);
  } finally {
    await opened.stop();
  }
});

it.each([
  [['--user', 'search', '--why', 'tired of it'], 'incident open is still open; it lifts this limit when it closes'],
  [['--user', 'nobody', '--why', 'tired of it'], '--user nobody: no limit on record of shop; it has'],
  [['--user', 'search', '--why', ' '], '--why is empty'],
])('refuses %j, saying why', async (args, words) => {
  const { status, stderr } = await run('drop', ...args);
  expect(status).toBe(2);
  expect(stderr).toContain(words);
  expect((await run('list')).stdout).toContain('search: 5 connections');
});
