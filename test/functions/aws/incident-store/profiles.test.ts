import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import { PROFILE_MS, QUARTER_MS } from '../../../../functions/core/usual/profile.ts';
import { aConsumer, aQuarter } from '../../../support/a-profile.ts';
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

it('quarters come back as they were, oldest first, of this target and since then only', async () => {
  const quarters = [0, 1, 2].map((index) =>
    aQuarter(
      T0 + index * QUARTER_MS,
      [aConsumer('web/', { middle: 2.5 }), aConsumer('a"b\\/\u0000', { most: index })],
      {
        rest: { consumers: index, most: index },
        ...(index > 0 && { leftOut: index }),
      },
    ),
  );
  for (const quarter of quarters.toReversed()) await store.profiles.put('shop', quarter);
  await store.profiles.put('other', aQuarter(T0, []));
  await store.samples.put('shop', seenAt(T0, 50));
  expect(await store.profiles.since('shop', T0)).toEqual(quarters);
  expect(await store.profiles.since('shop', T0 + 1)).toEqual(quarters.slice(1));
  expect(await store.profiles.since('nobody', T0)).toEqual([]);
  expect(await store.samples.since('shop', T0)).toHaveLength(1);
});

it('a quarter that is written again stays, unless it sums up more samples', async () => {
  const first = aQuarter(T0, [aConsumer('web/')], { samples: 10 });
  const [same, fewer] = [
    { ...aQuarter(T0, []), samples: 10 },
    { ...aQuarter(T0, []), samples: 9 },
  ];
  for (const quarter of [first, same, fewer]) await store.profiles.put('again', quarter);
  expect(await store.profiles.since('again', T0)).toEqual([first]);
  const more = aQuarter(T0, [aConsumer('batch/')], { samples: 11 });
  await Promise.all([more, first, more, fewer].map((quarter) => store.profiles.put('again', quarter)));
  expect(await store.profiles.since('again', T0)).toEqual([more]);
});

it('a quarter is over after fifteen days, and small whatever its consumers are called', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `${index}${'\u20ac'.repeat(119)}`);
  const consumers = names.map((name, index) => aConsumer(name, { most: 50 - index }));
  await store.profiles.put('long', aQuarter(T0, consumers));
  const key = { pk: 'TARGET#long', sk: `QUARTER#${new Date(T0).toISOString()}` };
  const { Item: item } = await local.client.send(new GetCommand({ TableName: local.table, Key: key }));
  expect(item?.['expiresAt']).toBe(T0 / 1000 + 15 * 24 * 3600);
  expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(6_000);
  const [quarter] = await store.profiles.since('long', T0);
  const kept = quarter?.consumers.length ?? 0;
  expect(kept).toBeGreaterThanOrEqual(8);
  expect(quarter?.consumers).toEqual(consumers.slice(0, kept));
  expect(quarter?.rest).toEqual({ consumers: 20 - kept, most: 50 - kept });
});

it('two weeks of a large server are read within the patience of a diagnosis', async () => {
  const consumers = Array.from({ length: 20 }, (_, index) => aConsumer(`service-${index}/worker-pool`));
  const count = PROFILE_MS / QUARTER_MS;
  const all = Array.from({ length: count }, (_, index) => aQuarter(T0 + index * QUARTER_MS, consumers));
  for (let index = 0; index < count; index += 50) {
    await Promise.all(all.slice(index, index + 50).map((quarter) => store.profiles.put('large', quarter)));
  }
  expect(await store.profiles.since('large', T0)).toEqual(all);
});
