import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeRefusal } from '../../../functions/core/messages/refused-event.ts';
import type { Message } from '../../../functions/core/messages/message.ts';
import { gathering } from '../../../functions/core/ports/gathering.ts';
import type { Notifier } from '../../../functions/core/ports/outside.ts';
import { notify } from '../../../functions/notify/notify.ts';
import { aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

const ALARMS = 40;
const GATHERED = { kind: 'gathered' };

let world: StepWorld;
let notifier: Notifier;
beforeAll(async () => {
  world = await StepWorld.create();
  notifier = gathering(world.notifier, world.store, world.now);
});
afterAll(() => world.stop());
beforeEach(() => {
  world.published.length = 0;
  world.topicFails = false;
  world.at += 3_600_000;
});

let count = 0;
const openIncidents = (many: number) =>
  Promise.all(Array.from({ length: many }, () => world.openIncident(aTarget({ id: `g${++count}` }))));
const tell = (incidentId: string) => notify({ incidentId }, { ...world, notifier });
const tellGathered = () => notify(GATHERED, { ...world, notifier });
const kinds = () => world.published.map(({ attributes: { notice } }) => notice);
const refusal = (n: number): Message =>
  composeRefusal({ targetId: `x${n}`, alarmName: null, reason: 'x', at: world.at });

describe('notices of a fleet', () => {
  it('come as five by themselves and one for all others, whatever number is in trouble at once', async () => {
    const incidents = await openIncidents(ALARMS);
    for (const id of incidents) await tell(id);
    expect(kinds()).toEqual(Array.from({ length: 5 }, () => 'opened'));
    expect(await tellGathered()).toEqual({ delivered: 1 });
    expect(kinds().slice(5)).toEqual(['gathered']);
    const summary = world.published.at(-1);
    const told = world.published.slice(0, 5).map(({ attributes: { incidentId } }) => incidentId);
    const gathered = (summary?.json['notices'] as { incidentId: string }[]).map(({ incidentId }) => incidentId);
    expect(new Set([...told, ...gathered])).toEqual(new Set(incidents));
    expect(gathered).toHaveLength(ALARMS - 5);
    expect(summary?.subject).toMatch(/^\[Headroom.*\] 35 databases: 35 /);
  });

  it('are told of once, and the next minute begins anew', async () => {
    for (const id of await openIncidents(6)) await tell(id);
    await tellGathered();
    world.at += 60_000;
    expect(await tellGathered()).toEqual({ delivered: 0 });
    world.published.length = 0;
    for (const id of await openIncidents(5)) await tell(id);
    expect(kinds()).toEqual(Array.from({ length: 5 }, () => 'opened'));
  });

  it('are told of again as soon as there are others: a watch that stops does so', async () => {
    const incidents = await openIncidents(7);
    for (const id of incidents.slice(0, 6)) await tell(id);
    await tellGathered();
    await tell(incidents[6] ?? '');
    expect(await tellGathered()).toEqual({ delivered: 1 });
  });

  it('wait for the next minute when the topic does not take the message of all', async () => {
    for (const id of await openIncidents(7)) await tell(id);
    world.topicFails = true;
    await expect(tellGathered()).rejects.toThrow('the topic is down');
    world.topicFails = false;
    world.at += 60_000;
    expect(await tellGathered()).toEqual({ delivered: 1 });
    expect(world.published.at(-1)?.json['count']).toBe(2);
  });

  it('are told of by one caller alone', async () => {
    for (const id of await openIncidents(6)) await tell(id);
    const told = await Promise.all([tellGathered(), tellGathered(), tellGathered()]);
    expect(told.map(({ delivered }) => delivered).sort()).toEqual([0, 0, 1]);
  });
});

describe('an incident', () => {
  it('of which people have heard by itself goes on so; one that was gathered is on record as that', async () => {
    const incidents = await openIncidents(9);
    for (const id of incidents) await tell(id);
    for (const id of incidents) {
      await world.store.incidents.change(id, { escalation: { reason: 'nothing left', advice: [] } }, 'escalated');
      await tell(id);
    }
    // Four others are the first of the minute among those that are critical.
    expect(kinds().filter((kind) => kind === 'escalated')).toHaveLength(9);
    const [first = '', last = ''] = [incidents[0], incidents[8]];
    expect((await world.store.incidents.byId(first))?.notices.map(({ gathered }) => gathered)).toEqual([
      undefined,
      undefined,
    ]);
    expect(await world.store.incidents.byId(last)).toMatchObject({
      notices: [{ notice: 'opened', delivered: true, gathered: true }, { notice: 'escalated' }],
      pendingNotices: [],
    });
    await tellGathered();
    expect(world.published.at(-1)?.json['count']).toBe(4);
  });

  it('is told of by its newest notice, when several have been gathered', async () => {
    for (let n = 0; n < 5; n++) await notifier.publish(refusal(n));
    for (let n = 0; n < 2; n++, world.at++) await notifier.publish({ ...refusal(9), attributes: about(`warned ${n}`) });
    await tellGathered();
    expect(world.published.at(-1)?.json['notices']).toMatchObject([{ incidentId: 'i', notice: 'warned 1' }]);
  });
});

const about = (notice: string) =>
  ({ severity: 'warning', outcome: 'open', target: 'x', incidentId: 'i', notice }) as const;

describe('what goes out by itself in any case', () => {
  it('is a question, whose link is in no other place', async () => {
    const question = { ...refusal(0), attributes: { ...about('approval'), severity: 'critical' as const } };
    for (let n = 0; n < 20; n++) expect(await notifier.publish(question)).toBe('published');
  });

  it('is whatever cannot be gathered', async () => {
    for (let n = 0; n < 5; n++) await notifier.publish(refusal(n));
    const broken = { ...world.store.gathered, keep: () => Promise.reject(new Error('no table')) };
    const other = gathering(world.notifier, { gathered: broken }, world.now);
    expect(await other.publish(refusal(6))).toBe('published');
    expect(await notifier.publish(refusal(7))).toBe('gathered');
  });
});
