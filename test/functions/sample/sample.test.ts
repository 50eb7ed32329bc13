import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import { BadRequest, WorkerBusy, WorkerFault } from '../../../functions/core/protocol/errors.ts';
import { SCHEMA } from '../../../functions/core/protocol/schema.ts';
import type { Outcome } from '../../../functions/core/protocol/steps.ts';
import type { Incident } from '../../../functions/core/record/incident.ts';
import type { Sample } from '../../../functions/core/server/snapshot.ts';
import { answer } from '../../../functions/sample/answer.ts';
import { sample } from '../../../functions/sample/sample.ts';
import { consumersOf } from '../../support/a-profile.ts';
import { refusedAs, seenAt } from '../../support/a-sample.ts';
import { aPolicy, aSnapshot, aTarget } from '../../support/a-session.ts';
import { StepWorld } from '../../support/step-world.ts';

const MINUTE = 60_000;
const ALARM = 'headroom-orders-usage-high';

let world: StepWorld;
let count = 0;
let target: TargetSettings;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(() => {
  target = aTarget({ id: `s${++count}`, alarms: ['headroom-orders-connections-high', ALARM] });
  world.at += 3_600_000;
  world.samples = [used(20)];
  world.dispatchFails = world.topicFails = false;
  for (const list of [world.emitted, world.dispatched, world.published, world.starts]) list.length = 0;
});

/** A server with 100 usable slots. */
function used(slots: number, changed: Partial<Sample> = {}): Sample {
  return { ...aSnapshot(100, []), used: slots, canary: { result: 'admitted', tookMs: 4 }, ...changed };
}

const REFUSED_CANARY = { result: 'refused', refusal: { kind: 'full', code: '53300', message: 'too many' } } as const;
const call = async (samples = 1) => {
  await world.register(target);
  return sample(target, samples, world);
};
const noticesOf = () => world.published.map(({ json }) => json['warning'] ?? json['notice']);

/** A call each minute, with a server that is always as the test says. */
async function minutes(length: number, answer = world.samples[0]) {
  const outcomes = [];
  for (let minute = 0; minute < length; minute++, world.at += MINUTE) {
    if (answer) world.samples = [answer];
    outcomes.push(await call());
  }
  return outcomes;
}

async function closeOpen(outcome: Outcome): Promise<Incident> {
  const open = await world.store.incidents.openOf(target.id);
  if (!open) throw new Error('no incident is open');
  return world.store.incidents.close(open.id, { outcome, at: world.at, failure: null, notice: null });
}

describe('a call of the sampler', () => {
  it('keeps what it saw, publishes it, and does nothing else about a server that is well', async () => {
    const outcome = await call();
    expect(outcome).toMatchObject({
      samples: [{ at: world.at, usage: 20, result: 'seen', inIncident: false }],
      crossing: null,
      dispatched: null,
      warned: [],
    });
    expect(await world.store.samples.since(target.id, 0)).toEqual(outcome.samples);
    expect(world.emitted).toEqual(outcome.samples);
    expect([...world.dispatched, ...world.published]).toEqual([]);
  });

  it('takes several samples when asked, as far apart as the policy says', async () => {
    target = { ...target, policy: aPolicy({ sampling: { everySeconds: 15, metrics: 'few' } }) };
    const startedAt = world.at;
    const { samples } = await call(4);
    expect(samples.map(({ at }) => at - startedAt)).toEqual([0, 15_000, 30_000, 45_000]);
    expect(world.emitted).toHaveLength(4);
  });

  it.each([
    [10, 6],
    [25, 2],
    [31, 1],
  ])('takes those of a minute when it samples every %i s: %i', async (everySeconds, most) => {
    target = { ...target, policy: aPolicy({ sampling: { everySeconds, metrics: 'few' } }) };
    await world.register(target);
    const outcome = await answer({ schema: SCHEMA, kind: 'sample', target: target.id }, world);
    expect('samples' in outcome && outcome.samples.length).toBe(most);
  });

  it('does nothing for a target that was removed after it had been asked for', async () => {
    expect(await answer({ schema: SCHEMA, kind: 'sample', target: 'gone' }, world)).toEqual({ unknown: true });
    expect(world.emitted).toEqual([]);
  });

  it('refuses what no tick sends', async () => {
    await expect(answer({ schema: SCHEMA, kind: 'sample', target: 'x', samples: 60 }, world)).rejects.toThrow(
      BadRequest,
    );
  });
});

describe('usage over the trigger', () => {
  it('opens one incident after two samples running, from the moment it was first seen', async () => {
    const firstAt = world.at;
    const outcomes = await minutes(4, used(88));
    expect(outcomes.map(({ dispatched }) => dispatched?.result ?? null)).toEqual([null, 'opened', null, null]);
    const open = await world.store.incidents.openOf(target.id);
    expect(open?.alarm).toEqual({
      alarm: ALARM,
      at: firstAt,
      reason: 'usage 88% (88 of 100) in 2 samples in a row, trigger at 85%',
    });
    expect(world.starts).toEqual([open?.id]);
    expect(outcomes.map(({ samples }) => samples[0]?.inIncident)).toEqual([false, false, true, true]);
    expect(open?.joinedCount).toBe(0);
  });

  it('does not wait for a second sample at 95%', async () => {
    world.samples = [used(95)];
    expect(await call()).toMatchObject({ dispatched: { result: 'opened' }, crossing: { level: 'critical' } });
  });

  it.each([
    ['the canary is', used(30, { canary: REFUSED_CANARY })],
    ['the worker is', refusedAs('full')],
  ])('nor when %s refused as full', async (_, answer) => {
    world.samples = [answer];
    expect(await call()).toMatchObject({ dispatched: { result: 'opened' } });
    expect(world.emitted[0]).toMatchObject({ isFull: true });
  });

  it('within one call of several samples opens it right after the sample that shows it', async () => {
    target = { ...target, policy: aPolicy({ sampling: { everySeconds: 10, metrics: 'few' } }) };
    const startedAt = world.at;
    world.samples = [used(20), used(99), used(99)];
    const { dispatched, samples } = await call(6);
    expect(dispatched).toMatchObject({ result: 'opened' });
    expect((await world.store.incidents.openOf(target.id))?.openedAt).toBe(startedAt + 10_000);
    expect(samples).toHaveLength(6);
    expect(world.dispatched).toHaveLength(1);
  });

  it('is one incident when two calls come at once', async () => {
    world.samples = [used(99)];
    const outcomes = await Promise.all([call(), call()]);
    const ids = outcomes.map(({ dispatched }) => dispatched && 'incidentId' in dispatched && dispatched.incidentId);
    expect(new Set(ids).size).toBe(1);
  });

  it('is tried again at the next sample when dispatch failed, and the call fails when none succeeds', async () => {
    world.samples = [used(99)];
    world.dispatchFails = true;
    await expect(call()).rejects.toThrow('dispatch is down');
    world.dispatchFails = false;
    world.at += 20 * MINUTE;
    expect(await call()).toMatchObject({ dispatched: { result: 'opened' } });
  });

  it('that lasted while nobody could be told is still no old news', async () => {
    world.dispatchFails = true;
    world.samples = [used(99)];
    for (let minute = 0; minute < 8; minute++, world.at += MINUTE) await call().catch(() => undefined);
    world.dispatchFails = false;
    expect(await call()).toMatchObject({ dispatched: { result: 'opened' } });
  });

  it('after an incident rests as an alarm that stands does', async () => {
    await minutes(2, used(88));
    await closeOpen('observed');
    target = { ...target, mode: 'observe' };
    expect((await minutes(59)).filter(({ dispatched }) => dispatched !== null)).toEqual([]);
    await minutes(2);
    expect(await world.store.incidents.openOf(target.id)).not.toBeNull();
    expect(world.dispatched).toHaveLength(2);
  });

  it('that comes back critical after relief is a new incident at once', async () => {
    await minutes(2, used(88));
    await closeOpen('relieved');
    world.at += MINUTE;
    await minutes(1, used(60));
    expect((await minutes(1, used(97)))[0]?.dispatched).toMatchObject({ result: 'opened' });
  });

  it.each(['escalated', 'failed', 'observed'] as const)(
    'that becomes critical when it has been well for minutes after an incident %s is a new one',
    async (outcome) => {
      await minutes(2, used(99));
      await closeOpen(outcome);
      await minutes(3, used(99));
      await minutes(2, used(30));
      const soon = await minutes(1, used(99));
      await minutes(6, used(30));
      const later = await minutes(1, used(99));
      expect([...soon, ...later].map(({ dispatched }) => dispatched?.result ?? null)).toEqual([null, 'opened']);
    },
  );

  it('that becomes critical after an incident it was not critical in is a new one', async () => {
    await minutes(2, used(88));
    await closeOpen('observed');
    expect((await minutes(3, used(88))).every(({ dispatched }) => dispatched === null)).toBe(true);
    expect((await minutes(1, used(99)))[0]?.dispatched).toMatchObject({ result: 'opened' });
    await closeOpen('observed');
    const later = [...(await minutes(2, used(90))), ...(await minutes(3, used(99)))];
    expect(later.filter(({ dispatched }) => dispatched !== null)).toEqual([]);
  });

  it('that is spiky and needs nothing is looked at less and less often', async () => {
    const openedAt: number[] = [];
    for (let minute = 0; minute < 60; minute++, world.at += MINUTE) {
      world.samples = [used(minute % 2 === 0 ? 99 : 20)];
      if ((await call()).dispatched === null) continue;
      openedAt.push(minute);
      await closeOpen('not-needed');
    }
    expect(openedAt).toEqual([0, 6, 16, 36]);
  });
});

describe('a warning', () => {
  it('is told once while it stands, and again only after it has cleared', async () => {
    const outcomes = await minutes(30, used(82));
    expect(noticesOf()).toEqual(['filling-up']);
    expect(outcomes.findIndex(({ warned }) => warned.length > 0)).toBe(2);
    expect(await world.store.incidents.openOf(target.id)).toBeNull();
    await minutes(9, used(20));
    await minutes(5, used(82));
    expect(noticesOf()).toHaveLength(1);
    const calm = await minutes(12, used(20));
    expect(calm.flatMap(({ cleared }) => cleared)).toEqual(['filling-up']);
    await minutes(4, used(82));
    expect(noticesOf()).toEqual(['filling-up', 'filling-up']);
  });

  it('is told once when calls come twice', async () => {
    await minutes(2, used(82));
    await Promise.all([call(), call(), call()]);
    expect(noticesOf()).toEqual(['filling-up']);
  });

  it('that the topic did not take is told later, and fails nothing', async () => {
    world.topicFails = true;
    const outcomes = await minutes(4, used(82));
    expect(outcomes.at(-1)).toMatchObject({ warned: [], unsent: ['filling-up'] });
    world.topicFails = false;
    await minutes(3);
    expect(noticesOf()).toEqual(['filling-up']);
  });

  it('stays unsaid while an incident is open', async () => {
    await minutes(8, used(92));
    expect(noticesOf()).toEqual(['opened']);
    await closeOpen('observed');
    await minutes(1);
    expect(noticesOf()).toEqual(['opened', 'filling-up', 'headroom-low']);
  });

  it('of a worker that is not let in says why, and that it comes back clears it', async () => {
    const outcomes = await minutes(5, refusedAs('authentication', 'password authentication failed'));
    expect(noticesOf()).toEqual(['no-access']);
    expect(world.published[0]?.body).toContain('password authentication failed');
    expect(outcomes.every(({ dispatched }) => dispatched === null)).toBe(true);
    await minutes(12, used(20));
    expect(await world.store.warnings.of(target.id)).toEqual([]);
  });
});

describe('a worker that gives no answer', () => {
  it('is a failed sample, and told when it lasts', async () => {
    world.samples = [new WorkerFault('worker headroom-worker-orders crashed (Runtime.ExitError)')];
    const outcomes = await minutes(3);
    expect(outcomes[0]?.samples[0]).toMatchObject({ result: 'failed', usage: null });
    expect(noticesOf()).toEqual(['no-access']);
  });

  it('is no failure when it is at an incident', async () => {
    world.samples = [new WorkerBusy('worker headroom-worker-orders could not be invoked: TooManyRequestsException')];
    const outcomes = await minutes(6);
    expect(outcomes[0]?.samples[0]).toMatchObject({ result: 'busy' });
    expect(noticesOf()).toEqual([]);
  });
});

describe('the profile', () => {
  const QUARTER = 15 * MINUTE;
  beforeEach(() => {
    world.at = Math.ceil(world.at / QUARTER) * QUARTER;
  });
  const profileOf = () => world.store.profiles.since(target.id, 0);
  const web = (sessions: number) => ({ consumers: consumersOf({ web: [sessions, 0, 0] }) });
  const stretch = (length: number, sessions: number) => minutes(length, used(20, web(sessions)));

  it('gets each quarter of an hour once it has ended, and no sooner', async () => {
    const startedAt = world.at;
    await stretch(15, 4);
    expect(await profileOf()).toEqual([]);
    await stretch(1, 9);
    expect(await profileOf()).toMatchObject([{ at: startedAt, samples: 15, consumers: [{ name: 'web/', most: 4 }] }]);
    await stretch(15, 9);
    expect((await profileOf()).map(({ at, samples }) => [at - startedAt, samples])).toEqual([
      [0, 15],
      [QUARTER, 15],
    ]);
  });

  it('gets it from a call that ends in the next quarter', async () => {
    target = { ...target, policy: aPolicy({ sampling: { everySeconds: 20, metrics: 'few' } }) };
    const startedAt = world.at;
    world.at += 14.5 * MINUTE;
    world.samples = [used(20, web(3))];
    await call(3);
    expect(await profileOf()).toMatchObject([{ at: startedAt, samples: 2 }]);
  });

  it('is the same when several samplers keep it', async () => {
    await stretch(15, 4);
    world.samples = [used(20, web(4))];
    await Promise.all([call(), call(), call()]);
    expect(await profileOf()).toMatchObject([{ samples: 15 }]);
  });

  it('catches up after a gap, from samples of the last three hours', async () => {
    const startedAt = world.at;
    const put = (at: number) =>
      world.store.samples.put(target.id, seenAt(at, 20, { consumers: consumersOf({ web: [4, 0, 0] }) }));
    for (const minute of [1, 16, 31, 170]) await put(startedAt + minute * MINUTE);
    world.at = startedAt + 200 * MINUTE;
    await stretch(1, 4);
    expect((await profileOf()).map(({ at }) => (at - startedAt) / MINUTE)).toEqual([15, 30, 165]);
  });

  it('leaves out incidents and what led to them, a full server and pauses of all tiers, but not of one', async () => {
    const pause = { targetId: target.id, why: 'load test', by: 'ann', at: world.at, until: null };
    const whole = { targetId: target.id, tier: null };
    await world.store.pauses.put({ ...pause, tier: null });
    await stretch(15, 40);
    await world.store.pauses.lift(whole);
    await world.store.pauses.put({ ...pause, tier: 'kill-idle' });
    await stretch(5, 4);
    await minutes(1, used(88, web(80)));
    await minutes(3, used(99, web(90)));
    await minutes(8, used(20, { ...web(70), canary: REFUSED_CANARY }));
    const quarters = await profileOf();
    expect(quarters).toMatchObject([{ consumers: [{ most: 4 }] }]);
  });

  it('counts nothing twice when the clock jumps back', async () => {
    const startedAt = world.at;
    await stretch(16, 4);
    world.at = startedAt;
    await stretch(16, 4);
    expect(await profileOf()).toMatchObject([{ at: startedAt, samples: 15, consumers: [{ most: 4, middle: 4 }] }]);
  });
});
