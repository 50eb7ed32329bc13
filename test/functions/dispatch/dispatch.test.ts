import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../../../functions/core/protocol/alarm-event.ts';
import { SchemaMismatch } from '../../../functions/core/protocol/errors.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Outcome } from '../../../functions/core/protocol/steps.ts';
import { makeRehearsalEvent } from '../../../functions/core/rehearsal/rehearsal-event.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import { carryOut } from '../../../functions/incident/carry-out.ts';
import { seenAt } from '../../support/a-sample.ts';
import { aPolicy, aSession, aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `d${++count}` });
  world.at += 3_600_000;
  world.starts.length = 0;
  world.published.length = 0;
  world.activeAlarms = [];
  world.topicFails = false;
});

const send = (event: unknown) => dispatch({ schema: SCHEMA, target, event }, world);
const alarmAt = (at: number) => makeAlarmEvent({ settings: target, at });
const noticesOf = () => world.published.map((message) => message.attributes.notice);

describe('dispatch', () => {
  it('opens one incident, starts its workflow and tells people', async () => {
    const result = await send(alarmAt(world.at));
    expect(result).toMatchObject({ result: 'opened' });
    const open = await world.store.incidents.openOf(target.id);
    expect(world.starts).toEqual([open?.id]);
    expect(noticesOf()).toEqual(['opened']);
    expect(open?.pendingNotices).toEqual([]);
  });

  it('makes one incident of the same alarm five times at once', async () => {
    const event = alarmAt(world.at);
    const results = await Promise.all(Array.from({ length: 5 }, () => send(event)));
    expect(new Set(results.map((result) => 'incidentId' in result && result.incidentId)).size).toBe(1);
    expect(new Set(world.starts).size).toBe(1);
    expect(await world.store.incidents.listByTarget(target.id, 10)).toHaveLength(1);
  });

  it('makes one incident of two different alarms at once', async () => {
    const results = await Promise.all([send(alarmAt(world.at)), send(alarmAt(world.at - 1_000))]);
    expect(results.map((result) => result.result).sort()).toEqual(['joined', 'opened']);
    expect((await world.store.incidents.openOf(target.id))?.joinedCount).toBe(1);
  });

  it('lets a later alarm join, and starts a workflow again that a crash kept from starting', async () => {
    await send(alarmAt(world.at));
    const first = world.starts.length;
    world.at += 60_000;
    expect(await send(alarmAt(world.at))).toMatchObject({ result: 'joined' });
    expect(world.starts.slice(first)).toEqual([world.starts[0]]);
  });

  it('does nothing for an event whose incident is closed already', async () => {
    const event = alarmAt(world.at);
    const opened = await send(event);
    if (!('incidentId' in opened)) throw new Error('not opened');
    await world.store.incidents.close(opened.incidentId, {
      outcome: 'relieved',
      at: world.at,
      failure: null,
      notice: null,
    });
    expect(await send(event)).toEqual({ result: 'handled', incidentId: opened.incidentId });
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
  });

  it('takes an old event only as a reason to look whether the alarm still stands', async () => {
    const old = alarmAt(world.at - 600_000);
    expect(await send(old)).toMatchObject({ result: 'stale' });
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at - 600_000, reason: 'still high' }];
    expect(await send(old)).toMatchObject({ result: 'opened' });
  });

  describe('an alarm that goes off soon after an incident', () => {
    /** An incident that closed a minute ago at a usage, and what the sampler has seen each half minute since. */
    async function afterIncident(outcome: Outcome, before: number, since: readonly number[]): Promise<string> {
      for (const ago of [60_000, 30_000, 0]) await world.store.samples.put(target.id, seenAt(world.at - ago, before));
      const opened = await send(alarmAt(world.at));
      if (!('incidentId' in opened)) throw new Error('not opened');
      world.at += 10_000;
      await world.store.incidents.close(opened.incidentId, { outcome, at: world.at, failure: null, notice: null });
      for (const usage of since) {
        world.at += 30_000;
        await world.store.samples.put(target.id, seenAt(world.at, usage));
      }
      world.at += 5_000;
      world.starts.length = 0;
      return opened.incidentId;
    }

    it('is old news when a sample since shows the server well', async () => {
      const id = await afterIncident('relieved', 97, [60, 60]);
      expect(await send(alarmAt(world.at))).toEqual({
        result: 'stale',
        reason: `usage was 60% 5 s ago, after incident ${id} had closed`,
      });
      expect(world.starts).toEqual([]);
    });

    it('is the incident people know of when the server has been over the trigger all the while', async () => {
      const incidentId = await afterIncident('observed', 97, [97, 90, 97]);
      expect(await send(alarmAt(world.at))).toEqual({ result: 'handled', incidentId });
    });

    it.each<[string, Outcome, number, number[]]>([
      ['the server came back after relief', 'relieved', 97, [60, 88, 88]],
      ['it has become critical since', 'observed', 88, [88, 96]],
      ['the samples do not say', 'relieved', 97, []],
    ])('opens another when %s', async (_, outcome, before, since) => {
      await afterIncident(outcome, before, since);
      expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
    });

    it('opens another when the sampler has fallen silent', async () => {
      await afterIncident('relieved', 97, [60]);
      world.at += 120_000;
      expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
    });

    it('opens another when the rest is over', async () => {
      await afterIncident('relieved', 97, [60]);
      world.at += 300_000;
      await world.store.samples.put(target.id, seenAt(world.at, 60));
      expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
    });
  });

  it('finds the target of what the rule sends by the name of its alarm', async () => {
    target = { ...target, alarms: [`headroom-${target.id}-connections-high`, `headroom-${target.id}-usage-high`] };
    await world.register(target);
    const alarmName = `headroom-${target.id}-usage-high`;
    const event = makeAlarmEvent({ settings: target, at: world.at, alarmName });
    expect(await dispatch(event, world)).toMatchObject({ result: 'opened' });
    expect((await world.store.incidents.openOf(target.id))?.target).toEqual(target);
    // Handed over by its id, it is the same.
    expect(await dispatch({ schema: SCHEMA, target: target.id, event }, world)).toMatchObject({ result: 'opened' });
    expect(await world.store.incidents.listByTarget(target.id, 10)).toHaveLength(1);
  });

  it.each([
    ['a target that was removed', 'headroom-gone-usage-high', /has no target gone: it was removed/],
    ['no target at all', 'headroom-self-tick-errors', /not that of an alarm of a target/],
    ['an alarm that the target has not', 'headroom-known-usage-high', /is none of the alarms of target known/],
  ])('says so and opens nothing for an alarm of %s', async (_, alarmName, reason) => {
    await world.register(aTarget({ id: 'known' }));
    const event = makeAlarmEvent({ settings: target, at: world.at, alarmName });
    const result = await dispatch(event, world);
    expect(result).toMatchObject({ result: 'refused', reason: expect.stringMatching(reason) as string });
    expect(noticesOf()).toEqual(['refused']);
    expect(world.starts).toEqual([]);
  });

  it('tries again, and acts upon nobody, where another version has written the settings', async () => {
    const event = makeAlarmEvent({ settings: target, at: world.at, alarmName: 'headroom-later-usage-high' });
    const find = () => Promise.reject(new SchemaMismatch(2, SCHEMA));
    const store = { ...world.store, targets: { ...world.store.targets, find } };
    const deps = Object.assign(Object.create(world) as StepWorld, { store });
    await expect(dispatch(event, deps)).rejects.toThrow(SchemaMismatch);
    expect(world.starts).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    [
      'an alarm of another target',
      () =>
        makeAlarmEvent({
          settings: aTarget({ id: 'other', alarms: ['headroom-other-connections-high'], instance: 'other' }),
          at: world.at,
        }),
    ],
    ['an event of another shape', () => ({ source: 'aws.rds', detail: { nothing: true } })],
    ['no event at all', () => null],
  ])('refuses %s and tells a person', async (_, event) => {
    const result = await send(event());
    expect(result.result).toBe('refused');
    expect(noticesOf()).toEqual(['refused']);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
  });

  it('takes over an expired incident only when its workflow does not run', async () => {
    await send(alarmAt(world.at));
    const first = await world.store.incidents.openOf(target.id);
    world.at += 11 * 60_000;
    expect(await send(alarmAt(world.at))).toMatchObject({ result: 'joined', incidentId: first?.id });
    world.executions.set(first?.id ?? '', 'timed-out');
    world.at += 1_000;
    expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
    expect(await world.store.incidents.byId(first?.id ?? '')).toMatchObject({ status: 'closed', outcome: 'failed' });
  });

  it('is not held up by a topic that fails, and keeps what it owes', async () => {
    world.topicFails = true;
    expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
    expect((await world.store.incidents.openOf(target.id))?.pendingNotices).toEqual(['opened']);
    expect(world.starts).toHaveLength(1);
  });
});

describe('a rehearsal', () => {
  const rehearse = (at = world.at) => send(makeRehearsalEvent('ann', at));
  const openOf = (id: string) => world.store.incidents.openOf(id);

  it('is an incident of its own that only observes, with a real notice that says so', async () => {
    target = aTarget({ id: target.id, mode: 'act', policy: aPolicy({ tiers: { 'kill-idle': 'act' } }) });
    const result = await rehearse();
    const open = await openOf(`${target.id}_rehearsal`);
    expect(result).toEqual({ result: 'opened', incidentId: open?.id });
    expect(world.starts).toEqual([open?.id]);
    expect(open?.id).toMatch(/^[\w-]{1,80}$/);
    expect(open?.target).toMatchObject({
      mode: 'observe',
      worker: target.worker,
      policy: { tiers: { 'kill-idle': 'observe' } },
    });
    expect(open?.alarm.reason).toBe('a rehearsal, started by ann: no alarm went off');
    const [notice] = world.published;
    expect(notice?.subject).toBe(
      `[Headroom REHEARSAL] ${target.id}: running out of connections; Headroom may only look`,
    );
    expect(notice?.body).toMatch(/^REHEARSAL: nothing is wrong/);
    expect(notice?.body).not.toContain('_rehearsal --');
    expect(notice?.attributes).toMatchObject({ severity: 'info', target: target.id });
    expect(notice?.json).toMatchObject({ rehearsal: true, severity: 'info', target: target.id });
  });

  it('leaves a real incident alone, and a real alarm that comes meanwhile opens one at once', async () => {
    await rehearse();
    expect(await openOf(target.id)).toBeNull();
    expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
    const real = await openOf(target.id);
    world.at += 1_000;
    expect(await rehearse()).toMatchObject({ result: 'joined' });
    expect(await openOf(target.id)).toEqual(real);
    expect((await openOf(`${target.id}_rehearsal`))?.joinedCount).toBe(1);
  });

  it('counts for nothing: the next real alarm finds neither a cooldown nor an earlier incident', async () => {
    const result = await rehearse();
    const id = 'incidentId' in result ? result.incidentId : '';
    await world.store.incidents.close(id, { outcome: 'observed', at: world.at, failure: null, notice: null });
    expect(await world.store.incidents.listByTarget(target.id, 10)).toEqual([]);
    await world.store.samples.put(target.id, seenAt(world.at + 1_000, 40));
    world.at += 2_000;
    expect(await send(alarmAt(world.at))).toMatchObject({ result: 'opened' });
  });

  it('is one incident, however often its event is delivered', async () => {
    const results = await Promise.all([rehearse(), rehearse(), rehearse()]);
    expect(new Set(results.map((result) => 'incidentId' in result && result.incidentId)).size).toBe(1);
  });

  it('is opened for no event that a rule has sent, and for no target that there is not', async () => {
    const event = makeRehearsalEvent('ann', world.at);
    expect(await dispatch(event, world)).toMatchObject({ result: 'refused' });
    const unknown = await dispatch({ schema: SCHEMA, target: 'nobody', event }, world);
    expect(unknown).toEqual({ result: 'refused', reason: expect.stringContaining('no target nobody') as string });
  });

  it('ends nobody and limits nobody, even by an act that should never have been ordered', async () => {
    const result = await rehearse();
    const incident = await world.store.incidents.byId('incidentId' in result ? result.incidentId : '');
    if (incident === null) throw new Error('it was not opened');
    const victim = { session: aSession(1), method: 'terminate' as const, expect: {}, reason: '' };
    const order = { round: 1, tier: 'kill-idle' as const, limit: null, victims: [victim as never], seenAt: world.at };
    await expect(carryOut(incident, order, world)).rejects.toThrow('is a rehearsal: it ends nobody');
    expect(world.ends).toEqual([]);
    expect(await world.store.acts.of(incident.id)).toEqual([]);
  });
});
