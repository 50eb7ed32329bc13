import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import { consumersOf } from '../../../support/a-profile.ts';
import { seenAt } from '../../../support/a-sample.ts';
import { startLocalTable, type LocalTable } from './local-table.ts';

const T0 = Date.UTC(2026, 10, 21, 3);

let local: LocalTable;
let store: IncidentStore;
beforeAll(async () => {
  local = await startLocalTable();
  store = createIncidentStore(local);
});
afterAll(() => local.stop());

describe('the samples of a target', () => {
  it('come back as they were, oldest first, of this target and since then only', async () => {
    const samples = [0, 60_000, 120_000].map((after) => seenAt(T0 + after, 50 + after / 60_000));
    for (const sample of samples.toReversed()) await store.samples.put('history', sample);
    await store.samples.put('other', seenAt(T0, 1));
    expect(await store.samples.since('history', T0)).toEqual(samples);
    expect(await store.samples.since('history', T0 + 60_000)).toEqual(samples.slice(1));
    expect(await store.samples.since('history', T0 + 120_001)).toEqual([]);
  });

  it('keep who held the slots; one stored before that has nobody', async () => {
    const consumers = consumersOf({ web: [5, 1, 2], 'm\u0000a"il\n': [1, 0, 0] });
    await store.samples.put('held', seenAt(T0, 50, { consumers }));
    await store.samples.put('held', seenAt(T0 + 1, 50, { consumers: null }));
    const [first, second] = await store.samples.since('held', T0);
    expect(first?.consumers).toEqual(consumers);
    expect(second?.consumers).toBeNull();
  });

  it('name as many consumers as fit, whatever they are called, and sum the others', async () => {
    const name = (index: number) => `${String.fromCharCode(97 + index)}${'\u20ac'.repeat(200)}`;
    const many = Object.fromEntries(
      Array.from({ length: 26 }, (_, index) => [name(index), [30 - index, 0, 0] as const]),
    );
    const consumers = consumersOf(many);
    await store.samples.put('long', seenAt(T0, 50, { consumers }));
    const [kept] = await store.samples.since('long', T0);
    const largest = kept?.consumers?.largest ?? [];
    expect(largest.length).toBeGreaterThanOrEqual(3);
    expect(largest).toEqual(consumers.largest.slice(0, largest.length));
    const sum = largest.reduce((all, { idle }) => all + idle, 0);
    expect(kept?.consumers?.rest).toEqual({ consumers: 26 - largest.length, sessions: (26 * (30 + 5)) / 2 - sum });
    // Twenty names of an ordinary length all fit.
    const ordinary = consumersOf(
      Object.fromEntries(
        Array.from({ length: 20 }, (_, n) => [`${'web-'.repeat(15)}${String.fromCharCode(97 + n)}`, [9, 9, 9]]),
      ),
    );
    await store.samples.put('ordinary', seenAt(T0, 50, { consumers: ordinary }));
    expect((await store.samples.since('ordinary', T0))[0]?.consumers).toEqual(ordinary);
  });

  it('are over after three days, and small whatever is in them', async () => {
    const states = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`state ${index} ${'x'.repeat(90)}`, 1]),
    );
    const names = Array.from({ length: 40 }, (_, index) => `${'ab'.charAt(index % 2)}${'\u0001'.repeat(100 + index)}`);
    const consumers = consumersOf(Object.fromEntries(names.map((name) => [name, [1, 1, 1]])));
    await store.samples.put('bounded', seenAt(T0, 50, { byState: states, detail: 'y'.repeat(9_000), consumers }));
    const key = { pk: 'TARGET#bounded', sk: `SAMPLE#${new Date(T0).toISOString()}` };
    const { Item: item } = await local.client.send(new GetCommand({ TableName: local.table, Key: key }));
    expect(JSON.stringify(item?.['sample']).length).toBeLessThan(2_500);
    expect(Buffer.byteLength(item?.['consumers'] as string)).toBeLessThan(5_100);
    expect(item?.['expiresAt']).toBe(T0 / 1000 + 3 * 24 * 3600);
    expect((await store.samples.since('bounded', T0))[0]).toMatchObject({ usage: 50 });
  });

  it('do not show among the incidents', async () => {
    await store.samples.put('alone', seenAt(T0, 50));
    expect(await store.incidents.listByTarget('alone', 5)).toEqual([]);
  });
});

describe('a warning', () => {
  const warning = { name: 'filling-up', since: T0 };
  const claim = (at: number) => ({ at, until: at + 30_000 });

  it('is one caller’s to tell, however many claim it at once', async () => {
    const claims = await Promise.all([1, 2, 3, 4].map(() => store.warnings.claim('w1', warning, claim(T0))));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await store.warnings.of('w1')).toEqual([{ ...warning, notifiedAt: null }]);
  });

  it('that was claimed and not told is the next caller’s after a while, with its first beginning', async () => {
    await store.warnings.claim('w2', warning, claim(T0));
    expect(await store.warnings.claim('w2', warning, claim(T0 + 29_999))).toBe(false);
    expect(await store.warnings.claim('w2', { ...warning, since: T0 + 5 }, claim(T0 + 30_000))).toBe(true);
    expect(await store.warnings.of('w2')).toEqual([{ ...warning, notifiedAt: null }]);
  });

  it('that was told is nobody’s any more, until it has cleared', async () => {
    await store.warnings.claim('w3', warning, claim(T0));
    await store.warnings.markNotified('w3', warning.name, T0 + 1);
    expect(await store.warnings.of('w3')).toEqual([{ ...warning, notifiedAt: T0 + 1 }]);
    expect(await store.warnings.claim('w3', warning, claim(T0 + 3_600_000))).toBe(false);
    await store.warnings.clear('w3', warning.name);
    expect(await store.warnings.of('w3')).toEqual([]);
    expect(await store.warnings.claim('w3', { ...warning, since: T0 + 9 }, claim(T0 + 3_600_000))).toBe(true);
  });

  it('that is noted as told after it cleared does not come back', async () => {
    await store.warnings.markNotified('w4', warning.name, T0);
    expect(await store.warnings.of('w4')).toEqual([]);
  });
});
