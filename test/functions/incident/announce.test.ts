import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../../../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Act } from '../../../functions/core/record/act.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let target: TargetSettings;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `a${++count}` });
  world.at += 3_600_000;
  world.announced.length = 0;
  world.onPut = () => '';
});

const sweep = () => reconcile({ schema: SCHEMA, target }, world);
const told = () => world.announced.map(({ changeId }) => changeId);
const recorded = async (id: string) => {
  const incident = await world.store.incidents.byId(id);
  if (incident === null) throw new Error(`no incident ${id}`);
  return incident;
};

async function opened(): Promise<string> {
  const event = makeAlarmEvent({ settings: target, at: world.at });
  const result = await dispatch({ schema: SCHEMA, target, event }, world);
  if (result.result !== 'opened') throw new Error(`not opened: ${result.result}`);
  return result.incidentId;
}

async function acted(incidentId: string, round: number): Promise<void> {
  const act: Act = {
    incidentId,
    round,
    tier: 'kill-idle',
    startedAt: world.at,
    finishedAt: null,
    counted: 0,
    victims: [],
    limit: null,
  };
  await world.store.acts.start(target.id, act);
}

describe('an incident', () => {
  it('is told of when it is opened, each minute while it goes on, and when its notices are out: each change once', async () => {
    const id = await opened();
    expect(told()).toEqual(['opened']);
    world.at += 5_000;
    await acted(id, 1);
    world.at += 5_000;
    await world.store.incidents.change(id, { reliefAt: world.at });
    await sweep();
    await sweep();
    expect(told()).toEqual(['opened', 'acting-1-kill-idle', 'relieved']);
    world.at += 5_000;
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: 'resolved' });
    await notify({ incidentId: id }, world);
    await sweep();
    expect(told().slice(3)).toEqual(['closed']);
    expect(JSON.parse(world.announced.at(-1)?.detail ?? '')).toMatchObject({ incidentId: id, outcome: 'relieved' });
    expect((await recorded(id)).announced).toEqual(['acting-1-kill-idle', 'closed', 'opened', 'relieved']);
  });

  it('that a person acknowledges from a terminal is told of within a minute', async () => {
    const id = await opened();
    await world.store.incidents.close(id, { outcome: 'escalated', at: world.at, failure: null, notice: null });
    await sweep();
    world.at += 5 * 3_600_000;
    await world.store.notices.acknowledge(id, { by: 'ann', at: world.at, note: 'on it' });
    await sweep();
    expect(told()).toEqual(['opened', 'closed', 'acknowledged']);
  });

  it('of an earlier version, closed long ago, is not told of', async () => {
    const id = await world.openIncident(target);
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
    world.at += 25 * 3_600_000;
    await sweep();
    expect(told()).toEqual([]);
  });

  it('is not told of where an installation has no bus', async () => {
    const bus = world.events;
    world.events = null;
    const id = await opened();
    await sweep();
    world.events = bus;
    expect(told()).toEqual([]);
    expect((await recorded(id)).announced).toEqual([]);
  });
});

describe('the roster', () => {
  const owes = async () => (await world.store.targets.rowOf(target.id))?.owesSince ?? null;

  it('keeps a target in the care of the reconciler until its events are told, or given up', async () => {
    world.onPut = () => 'ThrottlingException: later';
    await world.store.targets.register(target, 'stack', world.at);
    const id = await opened();
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
    world.topicFails = false;
    world.at += 10 * 60_000;
    await sweep();
    expect(await owes()).not.toBeNull();
    world.onPut = () => '';
    world.at += 10 * 60_000;
    await sweep();
    expect(told()).toContain('closed');
    expect(await owes()).toBeNull();
  });
});

describe('a bus in trouble', () => {
  it('keeps no incident from being opened, closed or told to people; what it said is on record until it works', async () => {
    const bus = world.events;
    if (bus === null) throw new Error('no bus');
    world.events = { ...bus, put: () => Promise.reject(new Error('no such bus')) };
    const id = await opened();
    expect(world.starts).toContain(id);
    expect((await recorded(id)).eventTrouble).toEqual({ since: world.at, at: world.at, error: 'Error: no such bus' });
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: 'resolved' });
    world.at += 60_000;
    expect(await notify({ incidentId: id }, world)).toEqual({ delivered: 1 });
    world.at += 60_000;
    expect((await sweep()).repaired).toEqual([`events of ${id}: Error: no such bus`]);
    world.events = bus;
    world.at += 60_000;
    await sweep();
    expect(told()).toEqual(['opened', 'closed']);
    expect(await recorded(id)).toMatchObject({ eventTrouble: null });
  });

  it('is given again only what it did not take', async () => {
    world.onPut = ({ changeId }) => (changeId.startsWith('acting') ? 'ThrottlingException: later' : '');
    const id = await opened();
    await acted(id, 1);
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
    await sweep();
    expect(await recorded(id)).toMatchObject({
      announced: ['closed', 'opened'],
      eventTrouble: { error: 'ThrottlingException: later' },
    });
    world.onPut = () => '';
    world.announced.length = 0;
    world.at += 60_000;
    await sweep();
    expect(told()).toEqual(['acting-1-kill-idle']);
  });

  it('is given up after a day', async () => {
    world.onPut = () => 'AccessDenied: never';
    const id = await opened();
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
    world.at += 24 * 3_600_000;
    world.announced.length = 0;
    await sweep();
    expect(told()).toEqual([]);
  });

  it('gets a long list in batches, a minute apart', async () => {
    const id = await opened();
    for (let round = 1; round <= 13; round++) await acted(id, round);
    await sweep();
    expect(told()).toHaveLength(1 + 10);
    await sweep();
    await sweep();
    expect(told()).toHaveLength(1 + 13);
    expect(new Set(told()).size).toBe(14);
  });
});

it('an event that two callers put at once has one id', async () => {
  const id = await opened();
  await acted(id, 1);
  world.announced.length = 0;
  await Promise.all([sweep(), sweep()]);
  const ids = new Set(world.announced.map(({ detail }) => (JSON.parse(detail) as { id: string }).id));
  expect([...ids]).toEqual([`${id}/acting-1-kill-idle`]);
});
