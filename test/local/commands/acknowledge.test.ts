import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRecords } from '../../../local/records/records.ts';
import { aTarget } from '../../support/a-session.ts';
import { runInProcess } from '../../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'headroom-acknowledge-'));
const records = join(folder, 'records');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const opened = await openRecords('headroom', records);
  const { store } = opened;
  for (const outcome of ['escalated', 'relieved'] as const) {
    const alarm = { alarm: 'high', at: 0, reason: '' };
    await store.incidents.open({ id: outcome, target: aTarget({ id: outcome }), alarm, at: 0, leaseUntil: 0 });
    await store.incidents.close(outcome, { outcome, at: 1, failure: null, notice: null });
  }
  await opened.stop();
});

const run = (...args: readonly string[]) => runInProcess([...args, '--records', records], { folder });

it('puts a name to an incident, which stays whoever comes later, and shows it', async () => {
  const taken = await run('acknowledge', 'escalated', '--by', 'ann', '--note', 'restarting the exporter');
  expect(taken.status).toBe(0);
  expect(taken.stdout).toMatch(/^incident escalated: ann has it since \S+: restarting the exporter\n$/);
  const late = await run('acknowledge', 'escalated', '--by', 'bob', '--json');
  expect(JSON.parse(late.stdout)).toMatchObject({ incidentId: 'escalated', acknowledgement: { by: 'ann' } });
  expect((await run('incidents', 'list')).stdout).toContain('escalated, ann has it');
  expect((await run('incidents', 'show', 'escalated')).stdout).toMatch(/taken\s+by ann, \S+ restarting the exporter/);
});

it.each([
  ['relieved', 'is closed as relieved: no person is paged for it'],
  ['absent', 'there is no incident absent'],
])('refuses %s, saying why', async (id, words) => {
  const { status, stderr } = await run('acknowledge', id);
  expect(status).toBe(2);
  expect(stderr).toContain(words);
});
