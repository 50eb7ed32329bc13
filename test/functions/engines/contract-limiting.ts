import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Worker } from '../../../functions/worker/worker.ts';
import { changeLimit, openWorker, takeSnapshot, type LimitableUser, type Stage } from './stage.ts';

/** Limiting how many connections a user may have: as asked, if the limit still is what it was, and no other user's. */
export function describeLimiting(stage: () => Stage): void {
  let worker: Worker;
  let user: LimitableUser;
  beforeEach(async () => {
    worker = await openWorker(stage());
    user = stage().limitable;
  });
  afterEach(async () => {
    worker.close();
    await user.setLimit(null);
  });

  const order = (limit: number, before: number | null = null) => ({ user: user.name, limit, before });

  test('a snapshot tells whom an administrator lets it limit, with the limit that stands', async () => {
    const seen = async () => (await takeSnapshot(worker)).userLimits;
    expect(await seen()).toEqual({
      missing: [],
      users: [expect.objectContaining({ user: user.name, limit: null, refusal: null })],
    });
    await user.setLimit(7);
    expect((await seen()).users).toMatchObject([{ user: user.name, limit: 7, countsEarlier: true, refusal: null }]);
  });

  test('who is over the limit is refused, who was in stays, and afterwards everything is as before', async () => {
    const early = await user.open();
    expect(await changeLimit(worker, 'limit', order(3))).toEqual({ result: 'done', current: 3, detail: '' });
    const late = await openUntilRefused(user);
    expect(late.length).toBeGreaterThanOrEqual(2);
    expect(late.length).toBeLessThanOrEqual(3);
    await early.query('SELECT 1');
    await (await stage().open()).query('SELECT 1');
    expect(await changeLimit(worker, 'lift', order(3))).toEqual({ result: 'done', current: null, detail: '' });
    expect(await user.readLimit()).toBeNull();
    await (await user.open()).query('SELECT 1');
  });

  test('a limit that was there is put back', async () => {
    await user.setLimit(12);
    expect(await changeLimit(worker, 'limit', order(3, 12))).toMatchObject({ result: 'done', current: 3 });
    expect(await changeLimit(worker, 'lift', order(3, 12))).toMatchObject({ result: 'done', current: 12 });
    expect(await user.readLimit()).toBe(12);
  });

  test('what somebody has changed meanwhile is left, in both directions', async () => {
    await user.setLimit(9);
    expect(await changeLimit(worker, 'limit', order(3))).toEqual({ result: 'changed', current: 9, detail: '' });
    expect(await changeLimit(worker, 'lift', order(3))).toEqual({ result: 'changed', current: 9, detail: '' });
    expect(await user.readLimit()).toBe(9);
  });

  test('the same order again finds it so', async () => {
    await changeLimit(worker, 'limit', order(3));
    expect(await changeLimit(worker, 'limit', order(3))).toEqual({ result: 'already', current: 3, detail: '' });
    await changeLimit(worker, 'lift', order(3));
    expect(await changeLimit(worker, 'lift', order(3))).toEqual({ result: 'already', current: null, detail: '' });
  });

  test('nobody else can be limited: not who is not on the list, nor an administrator, nor Headroom itself', async () => {
    for (const name of ['app', 'headroom_responder', 'headroom_canary', adminOf(stage())]) {
      const refused = await changeLimit(worker, 'limit', { user: name, limit: 3, before: null });
      expect(refused.result, name).toBe('refused');
      expect(refused.detail).not.toBe('');
    }
    expect(await changeLimit(worker, 'limit', { user: 'x'.repeat(400), limit: 3, before: null })).toMatchObject({
      result: expect.stringMatching(/^(gone|refused)$/) as string,
    });
    await (await stage().open()).query('SELECT 1');
  });

  test.each([0, -1, 1.5, 2_000_000])('a limit of %d is no limit that anybody asks for', async (limit) => {
    await expect(changeLimit(worker, 'limit', order(limit))).rejects.toMatchObject({ name: 'BadRequest' });
    await expect(changeLimit(worker, 'lift', order(3, limit))).rejects.toMatchObject({ name: 'BadRequest' });
    expect(await user.readLimit()).toBeNull();
  });

  test('nothing is changed past the deadline', async () => {
    await takeSnapshot(worker);
    await expect(changeLimit(worker, 'limit', order(3), -1)).rejects.toThrow('too-late');
    expect(await user.readLimit()).toBeNull();
  });

  test('two executors at once: one sets its limit and the other finds it changed, or is told that somebody acts', async () => {
    const rival = await openWorker(stage());
    const outcomes = await Promise.all([
      changeLimit(worker, 'limit', order(3)).then(({ result }) => result, String),
      changeLimit(rival, 'limit', order(4)).then(({ result }) => result, String),
    ]);
    rival.close();
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(outcomes.find((outcome) => outcome !== 'done')).toMatch(/changed|busy-elsewhere/);
  });

  test('a limit outlives a restart of the server, and is lifted after it', async () => {
    await changeLimit(worker, 'limit', order(3));
    await stage().restart();
    await expect.poll(() => user.readLimit().catch(() => null)).toBe(3);
    expect(await changeLimit(worker, 'lift', order(3))).toMatchObject({ result: 'done', current: null });
  });
}

async function openUntilRefused(user: LimitableUser) {
  const clients = [];
  for (;;) {
    const client = await user.open().catch(() => null);
    if (client === null) return clients;
    clients.push(client);
  }
}

function adminOf({ engine }: Stage): string {
  return engine === 'postgres' ? 'postgres' : 'root';
}
