import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import { aPause } from '../../../support/a-pause.ts';
import { seenAt } from '../../../support/a-sample.ts';
import { startLocalTable, type LocalTable } from './local-table.ts';
import { aCandidate, MINUTE, T0 } from './samples.ts';

let local: LocalTable;
let store: IncidentStore;

beforeAll(async () => {
  local = await startLocalTable();
  store = createIncidentStore({ client: local.client, table: local.table, now: () => T0 });
});
afterAll(() => local.stop());

const write = (pk: string, sk: string, fields: Record<string, unknown> = {}) =>
  local.client.send(new PutCommand({ TableName: local.table, Item: { pk, sk, ...fields } }));
const timeOf = (at: number) => new Date(at).toISOString();

describe('an item that nobody can read', () => {
  test('among the pauses stops nobody else’s target: it holds what its key names', async () => {
    await store.pauses.put(aPause({ targetId: 'billing', tier: 'kill-idle' }));
    for (const [sk, fields] of [
      ['nonsense', {}],
      ['orders#*', { pause: 'soon' }],
      ['#', { pause: { until: 'never' } }],
      ['stock#kill-all', { pause: {} }],
    ] as const) {
      await write('PAUSES', sk, fields);
    }
    expect((await store.pauses.on('billing')).map(({ tier }) => tier)).toEqual(['kill-idle']);
    expect(await store.pauses.on('stock')).toEqual([]);
    expect(await store.pauses.on('orders')).toMatchObject([
      { targetId: 'orders', tier: null, until: null, why: expect.stringContaining('cannot be read') as string },
    ]);
    expect(await store.pauses.lift({ targetId: 'orders', tier: null })).not.toBeNull();
    expect(await store.pauses.on('orders')).toEqual([]);
  });

  test('among the samples or the profile of a target is left out', async () => {
    await store.samples.put('orders', seenAt(T0, 50));
    await write('TARGET#orders', `SAMPLE#${timeOf(T0 + 1)}`);
    await write('TARGET#orders', `SAMPLE#${timeOf(T0 + 2)}`, { sample: 7, consumers: '[' });
    await write('TARGET#orders', `SAMPLE#${timeOf(T0 + 3)}`, { sample: { at: T0 + 3 }, consumers: '{}' });
    await write('TARGET#orders', `QUARTER#${timeOf(T0)}`, { consumers: 'x' });
    expect((await store.samples.since('orders', T0 - MINUTE)).map(({ at }) => at)).toEqual([T0]);
    expect(await store.profiles.since('orders', T0 - MINUTE)).toEqual([]);
  });

  test('among the limits and tallies of a target is left out', async () => {
    await write('TARGET#orders', 'CAP#app', { cap: null });
    await write('TARGET#orders', `ACTED#${timeOf(T0)}#x#0001`);
    expect(await store.limits.of('orders')).toEqual([]);
    expect(await store.acts.tallies('orders', T0 - MINUTE)).toEqual([]);
  });

  test('among the incidents is left out of every list, and named when it is asked for', async () => {
    await store.incidents.open(aCandidate('billing', 'billing-1'));
    await write('INCIDENT#strange', 'META', {
      id: 'strange',
      status: 'open',
      targetId: 'orders',
      openedAt: T0,
      record: 99,
    });
    expect((await store.incidents.listByStatus('open', 10)).map(({ id }) => id)).toEqual(['billing-1']);
    expect(await store.incidents.listByTarget('orders', 10)).toEqual([]);
    await expect(store.incidents.byId('strange')).rejects.toThrow('record of version 99');
  });
});
