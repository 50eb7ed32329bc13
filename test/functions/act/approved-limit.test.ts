import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { ask } from '../../../functions/ask/ask.ts';
import { carryOutCall, proposeCall } from '../../../functions/call/carry-out-call.ts';
import { close } from '../../../functions/close/close.ts';
import { policy } from '../../../functions/core/policy/policy.ts';
import type { TargetSettings } from '../../../functions/core/policy/target.ts';
import type { Approval } from '../../../functions/core/record/approval.ts';
import { linkKey } from '../../../functions/core/record/link-key.ts';
import { decide } from '../../../functions/decide/decide.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { reconcile } from '../../../functions/reconcile/reconcile.ts';
import { storyOf } from '../../../local/terminal/story.ts';
import { aCall } from '../../support/a-call.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, many } from '../../support/a-session.ts';
import { MINUTE } from '../../support/an-approval.ts';
import { StepWorld } from '../../support/step-world.ts';
import { aStorm, CHECKOUT, STORM } from '../../support/storming.ts';

const SECRET = 's'.repeat(43);

let world: StepWorld;
let count = 0;
let target: TargetSettings;
let id: string;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.ends.length = 0;
  world.published.length = 0;
  world.limitRequests.length = 0;
  world.onLimit = () => null;
  world.limits.clear();
  world.limits.set(CHECKOUT, null);
  world.limits.set('mail', null);
  world.snapshots = [aStorm(world.limits)];
  await open({});
});

/** On a target in mode act whose policy says nothing of cap-consumer, unless the test does. */
async function open(changed: Partial<TargetSettings>): Promise<void> {
  target = aTarget({ id: `l${++count}`, mode: 'act', ...changed });
  id = await world.openIncident(target);
  world.executions.set(id, 'running');
}

const look = () => diagnose({ schema: 1, incidentId: id }, world);
const limitNow = (round: number) => act({ schema: 1, incidentId: id, round, tier: 'cap-consumer' }, world);

async function askedNow(): Promise<Approval> {
  const { round, next } = await look();
  expect(next).toBe('ask');
  const deps = { ...world, now: world.now, newSecret: () => SECRET, pageUrl: 'https://page.example/' };
  await ask({ schema: 1, incidentId: id, round, taskToken: `token-${count}-${round}` }, deps);
  return lastAsked();
}

async function lastAsked(): Promise<Approval> {
  const approval = (await world.store.approvals.of(id)).at(-1);
  if (!approval) throw new Error('nothing was asked');
  return approval;
}

async function askFor(answer: 'approved' | 'denied'): Promise<Approval> {
  const asked = await askedNow();
  const decision = { by: 'ann', via: 'page', address: '192.0.2.7', at: world.at } as const;
  await world.store.approvals.answer(asked, { answer, planHash: asked.planHash, secretHash: null, decision });
  return asked;
}

async function expectNothingDone(): Promise<void> {
  expect(world.limitRequests).toEqual([]);
  expect(world.ends).toEqual([]);
  expect(await world.store.limits.of(target.id)).toEqual([]);
}

describe('a limit on a user, where nobody has named a mode for it', () => {
  it('is asked about first, with the user, the limit and whom it concerns, and not set before', async () => {
    const asked = await askedNow();
    expect(asked.plan).toMatchObject({ tier: 'cap-consumer', limit: { user: CHECKOUT, limit: 50, sessions: 90 } });
    const [message] = world.published;
    expect(message?.subject).toContain('your answer is needed');
    expect(message?.body).toContain('a limit of 50 on checkout');
    expect(message?.body).toContain('limits the user checkout, who has 90 connections, to 50, until the incident');
    expect(message?.body).toContain('affects checkout/checkout-api (90)');
    expect(message?.json).toMatchObject({ limit: { user: CHECKOUT, limit: 50, sessions: 90 } });
    expect((await limitNow(asked.round)).held).toContain('nobody has approved cap-consumer');
    await expectNothingDone();
  });

  it('is set after a yes and a new look, once, and lifted when the incident closes', async () => {
    await askFor('approved');
    const { next, round } = await look();
    expect(next).toBe('cap-consumer');
    expect(await limitNow(round)).toMatchObject({ held: null, counts: { ended: 30, limited: 1 } });
    expect(world.limits.get(CHECKOUT)).toBe(50);
    expect(await lastAsked()).toMatchObject({ usedInRound: round });

    await close({ incidentId: id, outcome: 'relieved', error: null }, world);
    expect(world.limits.get(CHECKOUT)).toBeNull();
    const incident = await world.store.incidents.byId(id);
    if (!incident) throw new Error('the incident is gone');
    const story = storyOf(incident, {
      rounds: await world.store.rounds.of(id),
      acts: await world.store.acts.of(id),
      approvals: await world.store.approvals.of(id),
      settledLimits: await world.store.limits.settledOf(id),
    });
    expect(story).toContain('limited the user checkout to 50 connections (before: no limit): lifted since');
    expect(story).toContain('cap-consumer, a limit of 50 on checkout and 30 sessions: approved by ann');
  });

  /** So many sessions of the shop in the place of as many that storm: the limit that is needed is lower by as many. */
  const withMoreOfShop = (more: number) => {
    const others = many(more, 2_001, (each) => active(each, { user: 'shop', application: 'shop-web' }));
    const users = aStorm(world.limits).userLimits;
    return aSnapshot(100, [...STORM.slice(more), ...others], { userLimits: users });
  };

  it('is set as the yes says, without another question, while usage still comes under the trigger with it', async () => {
    const asked = await askFor('approved');
    world.snapshots = [withMoreOfShop(12)];
    const { next, round } = await look();
    expect(next).toBe('cap-consumer');
    world.snapshots = [withMoreOfShop(20)];
    expect(await limitNow(round)).toMatchObject({ held: null, counts: { limited: 1 } });
    expect(world.limits.get(CHECKOUT)).toBe(50);
    expect(world.ends.flatMap(({ victims }) => victims).length).toBeLessThanOrEqual(asked.plan.sessions + 1);
    expect(await world.store.approvals.of(id)).toHaveLength(1);
    const [acted] = await world.store.acts.of(id);
    expect(acted?.limit?.reason).toContain('50');
  });

  it('is not set lower than the yes says, though the fresh look needs that, and is asked about again', async () => {
    await askFor('approved');
    const { round } = await look();
    world.snapshots = [withMoreOfShop(21)];
    expect((await limitNow(round)).held).toBe('the approval does not cover the limit that is needed now');
    await expectNothingDone();
    expect((await look()).next).toBe('ask');
    expect((await world.store.rounds.of(id)).at(-1)?.why).toContain(
      'the plan has grown (a limit of the user checkout, who has 69 connections, to 29)',
    );
  });

  it('is set on nobody else than the yes says', async () => {
    await askFor('approved');
    const { round } = await look();
    const users = aStorm(world.limits).userLimits;
    const others = STORM.map((each) => (each.user === CHECKOUT ? { ...each, user: 'mail' } : each));
    world.snapshots = [aSnapshot(100, others, { userLimits: users })];
    expect((await limitNow(round)).held).toContain('does not cover the limit');
    await expectNothingDone();
    expect((await look()).next).toBe('ask');
  });

  it('is not set after a no: others go on, and a person is paged with who must decide', async () => {
    // Its sessions are used again and again: none grows to the five seconds that a suspect must be idle.
    await open({ policy: aPolicy({ ages: policy.parse({}).ages }) });
    const asked = await askFor('denied');
    const verdicts = [await look(), await look(), await look()].map(({ next }) => next);
    expect(verdicts).toEqual(['settle', 'settle', 'escalate']);
    expect((await world.store.incidents.byId(id))?.escalation).toMatchObject({
      reason: expect.stringContaining('a person has said no') as string,
      advice: expect.arrayContaining(['a person has said no to a limit that would help']) as string[],
    });
    expect((await limitNow(asked.round + 3)).held).toBe('a fresh snapshot shows no session to end');
    await expectNothingDone();
  });

  it('is named to the person who is paged when nobody answered', async () => {
    const asked = await askedNow();
    world.at = asked.expiresAt;
    expect((await look()).next).toBe('escalate');
    expect((await world.store.incidents.byId(id))?.escalation?.reason).toBe(
      'nobody answered within 15 min, so nothing was done: cap-consumer would limit the user checkout, who has 90 connections, to 50 and end 30 sessions; ' +
        'kill-idle may end 30 sessions in 299 s',
    );
    await expectNothingDone();
  });

  it('is only told where the target or the policy observes', async () => {
    await open({ mode: 'observe' });
    expect(await look()).toMatchObject({ next: 'close', outcome: 'observed' });
    expect((await world.store.rounds.of(id)).at(-1)?.why).toContain('cap-consumer limits the user checkout');

    await open({ policy: aPolicy({ tiers: { 'cap-consumer': 'observe' } }) });
    expect((await look()).next).toBe('settle');
    expect(await world.store.approvals.of(id)).toEqual([]);
    await expectNothingDone();
  });
});

describe('a pause that comes while a question waits', () => {
  it.each([
    ['everything', null],
    ['its tier', 'cap-consumer'],
  ] as const)('of %s holds back what the yes would allow, and the yes stays unused', async (_, tier) => {
    await askFor('approved');
    await world.store.pauses.put({ targetId: target.id, tier, by: 'ben', why: 'hands off', at: world.at, until: null });
    const { next, round } = await look();
    expect(next).not.toBe('ask');
    expect(next).not.toBe('cap-consumer');
    expect((await limitNow(round)).held).toContain('paused by ben: hands off');
    await expectNothingDone();
    expect(await lastAsked()).toMatchObject({ status: 'approved', usedInRound: null });
  });
});

describe('a workflow that dies while it waits for the answer', () => {
  it('leaves neither its limit nor its question behind', async () => {
    await askFor('approved');
    const { round } = await look();
    await limitNow(round);
    // Under the limit, sessions above it are left: they take a question of their own.
    world.snapshots = [aStorm(world.limits)];
    const asked = await askedNow();
    expect(asked.plan).toMatchObject({ tier: 'cap-consumer', limit: null });

    world.executions.set(id, 'failed');
    world.at += MINUTE;
    const { repaired } = await reconcile({ schema: 1, target }, world);
    expect(repaired.join()).toContain(`closed ${id} as failed`);
    expect(world.limits.get(CHECKOUT)).toBeNull();
    expect(await world.store.limits.of(target.id)).toEqual([]);
    expect(await lastAsked()).toMatchObject({ status: 'withdrawn', usedInRound: null });

    const requestContext = { http: { method: 'GET', path: '/', sourceIp: '192.0.2.7' } };
    const queryStringParameters = { key: linkKey(asked, SECRET) };
    const event = { version: '2.0', requestContext, headers: {}, isBase64Encoded: false, queryStringParameters };
    const page = await decide(event, world);
    expect(page).toMatchObject({ statusCode: 410, body: expect.stringContaining('Not waited for any more') as string });
  });
});

describe('a person’s own call', () => {
  it('neither sets nor lifts a limit, not even one that an earlier incident left behind', async () => {
    await world.store.incidents.close(id, { outcome: 'relieved', at: world.at, failure: null, notice: null });
    world.limits.set(CHECKOUT, 40);
    const left = { user: CHECKOUT, account: '"checkout"', limit: 40, before: null, isSet: true, toldAt: null };
    await world.store.limits.record({ ...left, targetId: target.id, incidentId: id, at: world.at, setBy: world.at });
    world.snapshots = [aStorm(world.limits), aStorm(world.limits), aSnapshot(100, [aSession(1_001)])];
    await carryOutCall(await proposeCall(target, aCall({ user: CHECKOUT }), world), world);
    expect(world.ends).toHaveLength(1);
    expect(world.limitRequests).toEqual([]);
    expect(await world.store.limits.of(target.id)).toHaveLength(1);
  });
});
