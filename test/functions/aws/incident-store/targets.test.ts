import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIncidentStore } from '../../../../functions/aws/incident-store/store.ts';
import type { IncidentStore } from '../../../../functions/core/ports/incident-store.ts';
import { BadRequest, SchemaMismatch } from '../../../../functions/core/protocol/errors.ts';
import { aTarget } from '../../../support/a-session.ts';
import { startLocalTable, type LocalTable } from './local-table.ts';

let table: LocalTable;
let store: IncidentStore;
beforeAll(async () => {
  table = await startLocalTable();
  store = createIncidentStore({ client: table.client, table: table.table });
});
afterAll(() => table.stop());

const put = (item: object) => table.client.send(new PutCommand({ TableName: table.table, Item: item }));

describe('a registered target', () => {
  it('has settings, and is on the roster with something to look for', async () => {
    const target = aTarget({ id: 'orders' });
    await store.targets.register(target, 'stack-a', 5);
    expect(await store.targets.find('orders')).toEqual(target);
    expect(await store.targets.roster()).toContainEqual({
      id: 'orders',
      owesSince: 5,
      watches: target.instance.toLowerCase(),
      isCluster: false,
      followedAt: null,
    });
  });

  it('has its new settings at once, and those of an open incident stay as they were', async () => {
    const target = aTarget({ id: 'changed', mode: 'act' });
    await store.targets.register(target, 'stack-a', 1);
    const alarm = { alarm: 'a', at: 2, reason: '' };
    await store.incidents.open({ id: 'changed-1', target, alarm, at: 2, leaseUntil: 9 });
    await store.targets.register({ ...target, mode: 'observe' }, 'stack-a', 3);
    expect((await store.targets.find('changed'))?.mode).toBe('observe');
    expect((await store.incidents.openOf('changed'))?.target.mode).toBe('act');
  });

  it('may bring its settings itself, as the rules of an earlier version do', async () => {
    const target = aTarget({ id: 'unknown' });
    expect(await store.targets.find(target)).toBe(target);
    expect(await store.targets.find('unknown')).toBeNull();
  });

  it('of another version is not guessed at', async () => {
    await put({ pk: 'TARGET#later', sk: 'SETTINGS', schema: 2, settings: {} });
    await expect(store.targets.find('later')).rejects.toThrow(SchemaMismatch);
    await put({ pk: 'TARGET#broken', sk: 'SETTINGS', schema: 1, settings: { id: 'broken' } });
    await expect(store.targets.find('broken')).rejects.toThrow(BadRequest);
  });

  it('of an earlier version gets the defaults of what its policy lacks', async () => {
    const { policy, ...rest } = aTarget({ id: 'earlier' });
    const earlier = Object.fromEntries(Object.entries(policy).filter(([name]) => name !== 'escalation'));
    await put({ pk: 'TARGET#earlier', sk: 'SETTINGS', schema: 1, settings: { ...rest, policy: earlier } });
    expect((await store.targets.find('earlier'))?.policy.escalation.maxRepeats).toBeGreaterThan(0);
  });
});

describe('a target that is taken out', () => {
  it('is gone at once, and its settings are handed back once', async () => {
    const target = aTarget({ id: 'gone' });
    await store.targets.register(target, 'stack-a', 1);
    expect(await store.targets.remove('gone', 'stack-a')).toEqual(target);
    expect(await store.targets.find('gone')).toBeNull();
    expect(await store.targets.rowOf('gone')).toBeNull();
    expect(await store.targets.remove('gone', 'stack-a')).toBeNull();
  });

  it('stays when another stack has it by now, unless whoever asks speaks for all', async () => {
    await store.targets.register(aTarget({ id: 'moved' }), 'stack-b', 1);
    expect(await store.targets.remove('moved', 'stack-a')).toBe('kept');
    expect(await store.targets.find('moved')).not.toBeNull();
    expect(await store.targets.remove('moved', null)).not.toBe('kept');
    expect(await store.targets.find('moved')).toBeNull();
  });
});

describe('what is left to do for a target', () => {
  const open = (id: string, target: string, at: number) =>
    store.incidents.open({
      id,
      target: aTarget({ id: target }),
      alarm: { alarm: 'a', at, reason: '' },
      at,
      leaseUntil: at,
    });

  it('is noted when an incident is opened, and settled only by whoever saw the latest note', async () => {
    await store.targets.register(aTarget({ id: 'owing' }), 'stack-a', 10);
    await store.targets.settle('owing', 10);
    expect(await store.targets.rowOf('owing')).toMatchObject({ id: 'owing', owesSince: null });
    await open('owing-1', 'owing', 20);
    await open('owing-2', 'owing', 30);
    await store.targets.settle('owing', 20);
    expect(await store.targets.rowOf('owing')).toMatchObject({ id: 'owing', owesSince: 30 });
  });

  it('puts nobody on the roster who is not on it', async () => {
    await open('stranger-1', 'stranger', 20);
    expect(await store.targets.rowOf('stranger')).toBeNull();
  });
});
