import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { QUARTER_MS, quarterOf } from '../../../functions/core/usual/profile.ts';
import { openRecords } from '../../../local/records/records.ts';
import { aConsumer, aQuarter, consumersOf } from '../../support/a-profile.ts';
import { seenAt } from '../../support/a-sample.ts';
import { runHeadroom, startHeadroom } from '../../support/headroom.ts';
import { startLeakingServer } from '../../support/leaking-server.ts';

const HOUR = 4 * QUARTER_MS;
const folder = mkdtempSync(join(tmpdir(), 'headroom-profile-'));
const records = join(folder, 'records');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (target: string, ...more: readonly string[]) => runHeadroom(['profile', '--target', target, ...more]);
const cells = (line = '') => line.split('│').map((cell) => cell.trim());

describe('headroom profile', () => {
  beforeAll(async () => {
    const opened = await openRecords('headroom', records);
    const { store } = opened;
    const now = quarterOf(Date.now());
    const web = (most: number, middle: number) => aConsumer('web/', { most, middle, used: middle });
    // Whatever the time is: each quarter of the last three days, more of it until a day ago, and one batch in the first.
    const first = now - 71 * HOUR;
    await store.profiles.put('shop', aQuarter(first, [web(31, 20), aConsumer('ba\ntch/', { most: 3 })]));
    for (let at = first + QUARTER_MS; at < now; at += QUARTER_MS) {
      await store.profiles.put('shop', aQuarter(at, at < now - 26 * HOUR ? [web(31, 20)] : [web(9, 4)]));
    }
    await opened.stop();
  });

  it('shows what is usual by consumer, at this hour and within a day', async () => {
    const { status, stdout } = await run('shop', '--records', records);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^shop: 284 quarters of an hour from \S+ \S+ UTC to \S+ \S+ UTC; \d+ of this hour$/m);
    const [, web, batch] = stdout.split('\n').filter((line) => line.startsWith('│'));
    expect(cells(web).slice(1, 5)).toEqual(['web/', '4 to 31', '4 to 9', '4']);
    expect(cells(batch)[1]).toBe('ba·tch/');
    expect(cells(batch)[3]).toBe('0');
  });

  it('is one document as JSON', async () => {
    const { stdout } = await run('shop', '--records', records, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      target: 'shop',
      quarters: 284,
      consumers: [{ name: 'web/', inLastDay: { low: 4, high: 9 }, mostUsed: 4 }, { name: 'ba\ntch/' }],
    });
  });

  it('says of a target without one when there will be one, and makes no records', async () => {
    const missing = join(folder, 'missing');
    for (const where of [records, missing]) {
      const { status, stdout } = await run('other', '--records', where);
      expect(status).toBe(0);
      expect(stdout).toMatch(/no profile of other yet: .* ends at \d{4}-\d\d-\d\d \d\d:(00|15|30|45) UTC/);
    }
    expect(existsSync(missing)).toBe(false);
    const { stdout } = await run('other', '--records', missing, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ quarters: 0, consumers: [] });
  });
});

it('a watch sums up what its records have of the last hours, and the profile outlives it', async () => {
  const staging = await startLeakingServer();
  onTestFinished(() => staging.stop());
  const kept = join(staging.folder, 'records');
  const begun = await openRecords('headroom', kept);
  const at = quarterOf(Date.now()) - HOUR;
  for (const minute of [1, 2, 3]) {
    const consumers = consumersOf({ web: [minute, 0, 1] });
    await begun.store.samples.put('staging', seenAt(at + minute * 60_000, 20, { consumers }));
  }
  await begun.stop();
  const watch = startHeadroom(
    ['watch', '--config', staging.configure(), '--every', '5', '--records', kept, '--json'],
    staging.environment,
  );
  onTestFinished(async () => {
    watch.interrupt();
    await watch.finished;
  });
  await watch.said(/staging: usage/);
  // While it runs, and after it.
  for (const isRunning of [true, false]) {
    const { stdout } = await run('staging', '--records', kept, '--json');
    // Where the watch runs into the next quarter of an hour, that is one more.
    const web: unknown = expect.objectContaining({ name: 'web/', mostUsed: 1 });
    expect(JSON.parse(stdout)).toMatchObject({ from: at, consumers: expect.arrayContaining([web]) as unknown });
    if (!isRunning) continue;
    watch.interrupt();
    await watch.finished;
  }
});
