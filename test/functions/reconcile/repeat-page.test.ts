import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { storeAnswer } from '../../../functions/core/sampler/stored-sample.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { aSession, aSnapshot, aTarget, many } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

const MINUTE = 60_000;

let world: StepWorld;
let target: TargetSettings;
let id: string;
let count = 0;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(async () => {
  target = aTarget({ id: `p${++count}` });
  world.at += 24 * 3_600_000;
  world.topicFails = false;
  world.published.length = 0;
  world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
  id = await world.openIncident(target);
  await world.store.notices.recordAttempt(id, { notice: 'opened', at: world.at, delivered: true, error: '' });
  await world.store.incidents.change(id, { escalation: { reason: 'caps reached', advice: [] } }, 'escalated');
  await world.store.notices.recordAttempt(id, { notice: 'escalated', at: world.at, delivered: true, error: '' });
  await world.store.incidents.close(id, { outcome: 'escalated', at: world.at, failure: null, notice: null });
});

const sweep = () => reconcile({ schema: 1, target }, world);
/** One sweep a minute; returns the minutes at which this incident was paged again, with the notice. */
async function watch(minutes: number) {
  const pages: [number, string][] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    world.at += MINUTE;
    const before = world.published.length;
    await sweep();
    for (const { attributes } of world.published.slice(before)) {
      if (attributes.incidentId === id) pages.push([minute, attributes.notice]);
    }
  }
  return pages;
}

describe('a page that nobody acknowledges', () => {
  it('is repeated every quarter of an hour while the alarm stands', async () => {
    expect(await watch(29)).toEqual([[15, 'page-2']]);
    expect(await world.store.incidents.byId(id)).toMatchObject({ repeats: 1, repeatedAt: world.at - 14 * MINUTE });
  });

  it('goes out once, however many reconcilers see that it is due', async () => {
    world.at += 15 * MINUTE;
    await Promise.all(Array.from({ length: 8 }, sweep));
    expect(world.published.map(({ attributes }) => attributes.notice)).toEqual(['page-2']);
    expect(await world.store.incidents.byId(id)).toMatchObject({ repeats: 1 });
  });

  it('goes out at last when the topic was down, and the next one keeps its distance', async () => {
    world.topicFails = true;
    expect(await watch(17)).toEqual([]);
    world.topicFails = false;
    expect(await watch(3)).toEqual([[1, 'page-2']]);
  });

  it('stops when somebody acknowledges it', async () => {
    await watch(16);
    await world.store.notices.acknowledge(id, { by: 'ann', at: world.at, note: '' });
    expect(await watch(13)).toEqual([]);
  });

  it('stops when the target is calm', async () => {
    world.activeAlarms = [];
    expect(await watch(40)).toEqual([]);
  });

  it('stops for good when a later incident was relieved', async () => {
    const later = await world.store.incidents.open({
      id: `${target.id}-later`,
      target,
      alarm: { alarm: target.alarms[0] ?? '', at: world.at, reason: '' },
      at: world.at + MINUTE,
      leaseUntil: world.at + MINUTE,
    });
    await world.store.incidents.close(later.incident.id, {
      outcome: 'relieved',
      at: world.at,
      failure: null,
      notice: null,
    });
    expect(await watch(4)).toEqual([]);
    world.at += 15 * MINUTE;
    await sweep();
    expect(world.published.filter(({ attributes }) => attributes.incidentId === id)).toEqual([]);
  });

  it('is repeated while a later incident is under way, and by the samples where there are no alarms', async () => {
    world.activeAlarms = [];
    const full = aSnapshot(
      100,
      many(100, 1, (each) => aSession(each)),
    );
    world.at += 14 * MINUTE;
    await sweep();
    for (const at of [world.at - MINUTE, world.at]) {
      const admission = { way: 'warm', reserved: true, attempts: 1, waitedMs: 1, refusedAsFull: 0 } as const;
      const sample = { schema: 1, ok: true, admission, sample: full } as const;
      await world.store.samples.put(target.id, storeAnswer(sample, { at, tookMs: 5, inIncident: false }));
    }
    expect(await watch(1)).toEqual([[1, 'page-2']]);
    world.at += 14 * MINUTE;
    const alarm = { alarm: target.alarms[0] ?? '', at: world.at, reason: '' };
    await world.store.incidents.open({
      id: `${target.id}-b`,
      target,
      alarm,
      at: world.at,
      leaseUntil: world.at + MINUTE,
    });
    world.executions.set(`${target.id}-b`, 'running');
    expect(await watch(1)).toEqual([[1, 'page-3']]);
  });

  it('is repeated three times and no more', async () => {
    const pages: [number, string][] = [];
    const open = await world.store.incidents.open({
      id: `${target.id}-b`,
      target,
      alarm: { alarm: 'x', at: world.at, reason: '' },
      at: world.at,
      leaseUntil: world.at + 24 * 3_600_000,
    });
    world.executions.set(open.incident.id, 'running');
    pages.push(...(await watch(90)));
    expect(pages).toEqual([
      [15, 'page-2'],
      [30, 'page-3'],
      [45, 'page-4'],
    ]);
  });
});

describe('an acknowledgement', () => {
  it('is the first one, whoever comes later', async () => {
    const first = await world.store.notices.acknowledge(id, { by: 'ann', at: 1, note: 'on it' });
    expect(first?.acknowledgement).toEqual({ by: 'ann', at: 1, note: 'on it' });
    expect((await world.store.notices.acknowledge(id, { by: 'bob', at: 2, note: '' }))?.acknowledgement?.by).toBe(
      'ann',
    );
    expect(await world.store.notices.acknowledge('nobody', { by: 'bob', at: 2, note: '' })).toBeNull();
  });

  it('that comes in the same moment as the next page keeps it from going out', async () => {
    world.at += 15 * MINUTE;
    const incident = await world.store.incidents.byId(id);
    if (!incident) throw new Error('not there');
    await world.store.notices.acknowledge(id, { by: 'ann', at: world.at, note: '' });
    expect(await world.store.notices.claimRepeat(incident, 'page-2', world.at)).toBeNull();
    expect((await world.store.incidents.byId(id))?.pendingNotices).toEqual([]);
  });
});
