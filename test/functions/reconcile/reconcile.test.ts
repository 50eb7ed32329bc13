import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../../functions/core/messages/message.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { makeAlarmEvent } from '../../../functions/core/protocol/alarm-event.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Incident } from '../../../functions/core/record/incident.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { aPause } from '../../support/a-pause.ts';
import { aTarget } from '../../support/a-session.ts';
import { aSummary } from '../../support/an-approval.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `r${++count}` });
  world.at += 3_600_000;
  world.published.length = 0;
  world.activeAlarms = [];
  world.topicFails = false;
});

const sweep = () => reconcile({ schema: SCHEMA, target }, world);
const noticesOf = () => world.published.map((message) => message.attributes.notice);

async function opened(): Promise<Incident> {
  await dispatch({ schema: SCHEMA, target, event: makeAlarmEvent({ settings: target, at: world.at }) }, world);
  const incident = await world.store.incidents.openOf(target.id);
  if (!incident) throw new Error('not opened');
  return incident;
}

describe('the reconciler', () => {
  it('finds nothing to do when all is well', async () => {
    await opened();
    expect(await sweep()).toEqual({ repaired: [] });
  });

  describe('notes that nothing is left to do', () => {
    const byId = () => reconcile({ schema: SCHEMA, target: target.id, active: [] }, world);
    const owes = async () => (await world.store.targets.rowOf(target.id))?.owesSince ?? null;
    const LATER = 6 * 60_000;

    it('for a target that was registered, once no opening can be on its way any more', async () => {
      await world.register(target);
      await byId();
      expect(await owes()).not.toBeNull();
      world.at += LATER;
      await byId();
      expect(await owes()).toBeNull();
      expect(await reconcile({ schema: SCHEMA, target: 'gone' }, world)).toEqual({ repaired: [] });
    });

    it.each<[string, (incident: Incident) => Promise<unknown>]>([
      ['an incident is open', () => Promise.resolve()],
      [
        'a limit is on record',
        async ({ id }) => {
          await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
          world.onLimit = () => {
            throw new Error('the worker hangs');
          };
          await world.store.limits.record({
            ...{ targetId: target.id, incidentId: id, user: 'app', account: 'app', limit: 5, before: null },
            ...{ at: world.at, setBy: world.at, isSet: true, toldAt: null },
          });
        },
      ],
      [
        'a notice is pending',
        async ({ id }) => {
          world.topicFails = true;
          await world.store.incidents.close(id, {
            outcome: 'relieved',
            at: world.at,
            failure: null,
            notice: 'resolved',
          });
        },
      ],
      [
        'a page may be repeated',
        ({ id }) => world.store.incidents.close(id, { outcome: 'failed', at: world.at, failure: null, notice: null }),
      ],
    ])('but not while %s', async (_, leave) => {
      await world.register(target);
      const incident = await opened();
      await leave(incident);
      world.executions.set(incident.id, 'running');
      world.at += LATER;
      await byId();
      expect(await owes()).not.toBeNull();
      world.onLimit = () => null;
    });

    it('after an incident that ended well', async () => {
      await world.register(target);
      const { id } = await opened();
      await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
      world.at += LATER;
      await byId();
      expect(await owes()).toBeNull();
    });
  });

  it('takes the alarms that the tick has read, and asks for none', async () => {
    await world.register(target);
    const alarms = { active: () => Promise.reject(new Error('asked')) };
    const active = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'full' }];
    const sent = { schema: SCHEMA, target: target.id, active };
    const { store, notifier, workflow, worker, events, now } = world;
    const deps = { store, notifier, workflow, worker, events, now, alarms };
    expect((await reconcile(sent, deps)).repaired).toHaveLength(1);
    await expect(reconcile({ schema: SCHEMA, target: { ...target, id: 'asks' } }, deps)).rejects.toThrow('asked');
  });

  it('wakes a workflow whose question was answered by somebody who could not wake it, once', async () => {
    const { id } = await opened();
    const plan = aSummary();
    const question = { incidentId: id, round: 1, plan, planHash: 'h', askedAt: world.at, expiresAt: world.at + 60_000 };
    await world.store.approvals.open(question, { taskToken: `token-${id}`, secretHash: 's' });
    expect(await sweep()).toEqual({ repaired: [] });
    const decision = { by: 'ann', via: 'page', address: null, at: world.at } as const;
    await world.store.approvals.answer(question, { answer: 'approved', planHash: 'h', secretHash: 's', decision });
    expect(await sweep()).toEqual({ repaired: [`woke the workflow of ${id}: its question has been answered`] });
    expect(await sweep()).toEqual({ repaired: [] });
    expect(world.resumed).toEqual([`token-${id}`]);
  });

  it.each(['failed', 'timed-out', 'aborted', 'succeeded'] as const)(
    'closes an incident as failed whose workflow %s, and pages',
    async (status) => {
      const incident = await opened();
      world.executions.set(incident.id, status);
      await sweep();
      expect(await world.store.incidents.byId(incident.id)).toMatchObject({
        status: 'closed',
        outcome: 'failed',
        failure: { error: `workflow ${status}` },
      });
      expect(noticesOf()).toEqual(['opened', 'failed']);
      expect(world.published[1]?.attributes.severity).toBe('critical');
      world.at += 60_000;
      const again = await opened();
      expect(again.id).not.toBe(incident.id);
    },
  );

  it('does the same at once when Step Functions says that an execution ended badly', async () => {
    const incident = await opened();
    world.executions.set(incident.id, 'aborted');
    await reconcile({ source: 'aws.states', detail: { name: incident.id, status: 'ABORTED' } }, world);
    expect(await world.store.incidents.byId(incident.id)).toMatchObject({ outcome: 'failed' });
  });

  it('starts a workflow that never started, and gives up on it after five minutes', async () => {
    const incident = await opened();
    world.executions.delete(incident.id);
    await sweep();
    expect(world.executions.get(incident.id)).toBe('running');
    world.executions.delete(incident.id);
    world.at += 301_000;
    await sweep();
    expect(await world.store.incidents.byId(incident.id)).toMatchObject({ outcome: 'failed' });
  });

  it('sends notices again that did not go out', async () => {
    const incident = await opened();
    await world.store.incidents.close(incident.id, {
      outcome: 'relieved',
      at: world.at,
      failure: null,
      notice: 'resolved',
    });
    world.topicFails = true;
    await sweep();
    expect((await world.store.incidents.byId(incident.id))?.pendingNotices).toEqual(['resolved']);
    world.topicFails = false;
    await sweep();
    expect(noticesOf()).toEqual(['opened', 'resolved']);
    await sweep();
    expect(noticesOf()).toHaveLength(2);
  });

  it('dispatches an alarm again that still stands without an incident, but not right after one', async () => {
    const incident = await opened();
    await world.store.incidents.close(incident.id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    world.at += 240_000;
    expect(await sweep()).toEqual({ repaired: [] });
    world.at += 120_000;
    expect((await sweep()).repaired.join()).toContain('dispatched');
    expect((await world.store.incidents.openOf(target.id))?.alarm.reason).toContain('still in ALARM');
    expect(await sweep()).toEqual({ repaired: [] });
  });

  it('looks less and less often at an alarm that stands although there is nothing to do', async () => {
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    const dispatchedAt: number[] = [];
    for (let minute = 0; minute < 120; minute++, world.at += 60_000) {
      await sweep();
      const open = await world.store.incidents.openOf(target.id);
      if (open === null) continue;
      dispatchedAt.push(minute);
      await world.store.incidents.close(open.id, { outcome: 'not-needed', at: world.at, failure: null, notice: null });
    }
    expect(dispatchedAt).toEqual([0, 5, 15, 35, 65, 95]);
    // What was not needed yesterday does not count.
    world.at += 24 * 3_600_000;
    const next = await opened();
    await world.store.incidents.close(next.id, { outcome: 'not-needed', at: world.at, failure: null, notice: null });
    world.at += 5 * 60_000;
    expect((await sweep()).repaired.join()).toContain('dispatched');
  });

  it('dispatches a standing alarm before it sends notices, which may take all its time', async () => {
    const incident = await opened();
    await world.store.incidents.close(incident.id, {
      outcome: 'relieved',
      at: world.at,
      failure: null,
      notice: 'resolved',
    });
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    world.at += 600_000;
    const publish = (message: Message) => {
      expect(world.starts.at(-1)).not.toBe(incident.id);
      return world.notifier.publish(message);
    };
    await reconcile({ schema: SCHEMA, target }, { ...world, notifier: { publish } });
    expect(noticesOf()).toEqual(['opened', 'opened', 'resolved']);
  });

  it('takes a standing alarm up soon after a pause that made it observe was lifted', async () => {
    const incident = await opened();
    const pause = aPause({ targetId: target.id });
    await world.store.pauses.put(pause);
    await world.store.incidents.change(incident.id, { pauses: [pause] });
    await world.store.incidents.close(incident.id, { outcome: 'observed', at: world.at, failure: null, notice: null });
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    world.at += 60_000;
    expect(await sweep()).toEqual({ repaired: [] });
    await world.store.pauses.lift(pause);
    expect((await sweep()).repaired.join()).toContain('dispatched');
  });

  it('does the same when a tier that was paused is free again, or the pause has run out, but once only', async () => {
    const incident = await opened();
    const pause = aPause({ tier: 'kill-idle', until: world.at + 90_000 });
    await world.store.pauses.put(pause);
    await world.store.incidents.change(incident.id, { pauses: [pause] });
    await world.store.incidents.close(incident.id, { outcome: 'escalated', at: world.at, failure: null, notice: null });
    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    world.at += 60_000;
    expect(await sweep()).toEqual({ repaired: [] });
    world.at += 60_000;
    expect((await sweep()).repaired.join()).toContain('dispatched');
    const next = await world.store.incidents.openOf(target.id);
    await world.store.incidents.close(next?.id ?? '', {
      outcome: 'escalated',
      at: world.at,
      failure: null,
      notice: null,
    });
    world.at += 60_000;
    expect(await sweep()).toEqual({ repaired: [] });
  });

  it('tries less and less often what does not go out, and not for ever', async () => {
    const incident = await opened();
    const end = { outcome: 'relieved', at: world.at, failure: null, notice: 'resolved' } as const;
    await world.store.incidents.close(incident.id, end);
    world.topicFails = true;
    const tried: number[] = [];
    const start = world.at;
    const attempts = async () => (await world.store.incidents.byId(incident.id))?.notices.length;
    for (const minute of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 24 * 60 - 1, 24 * 60]) {
      const before = await attempts();
      world.at = start + minute * 60_000;
      await sweep();
      if ((await attempts()) !== before) tried.push(minute);
    }
    expect(tried).toEqual([0, 1, 2, 3, 5, 8, 12, 24 * 60 - 1]);
    world.topicFails = false;
    await sweep();
    expect((await world.store.incidents.byId(incident.id))?.pendingNotices).toEqual(['resolved']);
  });

  it('is not misled by a list that lags behind', async () => {
    const incident = await opened();
    const [before] = await world.store.incidents.listByTarget(target.id, 1);
    await world.store.incidents.close(incident.id, {
      outcome: 'relieved',
      at: world.at,
      failure: null,
      notice: 'resolved',
    });
    const [pending] = await world.store.incidents.listByTarget(target.id, 1);
    await sweep();
    expect(noticesOf()).toEqual(['opened', 'resolved']);

    world.activeAlarms = [{ alarm: target.alarms[0] ?? '', at: world.at, reason: 'high' }];
    for (const stale of [before, pending]) {
      const lagging = { ...world.store, listByTarget: () => Promise.resolve(stale ? [stale] : []) };
      expect(await reconcile({ schema: SCHEMA, target }, { ...world, store: lagging })).toEqual({ repaired: [] });
    }
    expect(noticesOf()).toHaveLength(2);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
  });
});
