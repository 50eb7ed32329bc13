import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { ask } from '../../../functions/ask/ask.ts';
import { LEASE_MS } from '../../../functions/core/ports/stores/incidents.ts';
import { ANSWER_GOOD_FOR_MS, type Approval } from '../../../functions/core/record/approval.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { active, aPolicy, aSession, aSnapshot, aTarget, inTransaction, many } from '../../support/a-session.ts';
import { MINUTE } from '../../support/an-approval.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
let count = 0;
let incidentId: string;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

const web = (id: number) => aSession(id);
const leak = aSnapshot(100, many(100, 1, web));

beforeEach(async () => {
  world.ends.length = 0;
  world.onEnd = () => 'ended';
  world.snapshots = [leak];
  world.topicFails = false;
  incidentId = await world.openIncident(aTarget({ id: `t${++count}`, mode: 'approve' }));
});

const look = () => diagnose({ schema: 1, incidentId }, world);
const put = (round: number) =>
  ask(
    { schema: 1, incidentId, round, taskToken: `token-${count}-${round}` },
    { ...world, now: world.now, newSecret: () => 's'.repeat(43), pageUrl: null },
  );
const attempt = (round: number, tier = 'kill-idle') => act({ schema: 1, incidentId, round, tier }, world);

async function lastAsked(): Promise<Approval> {
  const approval = (await world.store.approvals.of(incidentId)).at(-1);
  if (!approval) throw new Error('nothing was asked');
  return approval;
}

async function askFor(answer: 'approved' | 'denied' | null): Promise<Approval> {
  const { round, next } = await look();
  expect(next).toBe('ask');
  await put(round);
  const asked = await lastAsked();
  if (answer === null) return asked;
  const decision = { by: 'ann', via: 'page', address: '192.0.2.7', at: world.at } as const;
  const { planHash } = asked;
  await world.store.approvals.answer(asked, { answer, planHash, secretHash: null, decision });
  return lastAsked();
}

describe('a tier in mode approve', () => {
  it('ends nobody before somebody has said yes', async () => {
    await askFor(null);
    expect(await attempt(1)).toMatchObject({
      held: expect.stringContaining('nobody has approved kill-idle') as string,
    });
    expect(world.ends).toEqual([]);
    expect(await world.store.acts.of(incidentId)).toEqual([]);
  });

  it('acts after a yes and a new look, once, and asks again for more', async () => {
    await askFor('approved');
    const { next, round } = await look();
    expect(next).toBe('kill-idle');
    expect(await attempt(round)).toMatchObject({ held: null, counts: { ended: 30 } });
    expect(await lastAsked()).toMatchObject({ usedInRound: round });
    world.snapshots = [aSnapshot(100, many(90, 11, web))];
    expect((await look()).next).toBe('ask');
    expect(await attempt(round + 1)).toMatchObject({ held: expect.stringContaining('nobody has approved') as string });
    expect(world.ends).toHaveLength(1);
  });

  it('acts on no more than was agreed to, though the fresh look finds more', async () => {
    const { plan } = await askFor('approved');
    const api = (id: number) => aSession(id, { user: 'api', application: 'api' });
    const { round } = await look();
    world.snapshots = [aSnapshot(100, [...many(75, 1, web), ...many(40, 200, api)])];
    await attempt(round);
    const [ended] = world.ends;
    expect(ended?.victims.length).toBeGreaterThan(0);
    expect(ended?.victims.length).toBeLessThanOrEqual(plan.sessions);
    expect(ended?.victims.every(({ identity }) => identity.id < 200)).toBe(true);
  });

  it('asks again when the plan has grown before the look, and says so', async () => {
    await askFor('approved');
    // The budget of one act is 30% of usable slots, so a plan grows by another consumer: the first is not enough.
    const api = (id: number) => aSession(id, { user: 'api', application: 'api' });
    world.snapshots = [aSnapshot(100, [...many(10, 1, web), ...many(90, 200, api)])];
    const { next, round } = await look();
    expect(next).toBe('ask');
    const rounds = await world.store.rounds.of(incidentId);
    expect(rounds.at(-1)?.why).toMatch(
      /asked again: since ann approved, the plan has grown \(\d+ sessions of api\/api instead of 0\)/,
    );
    await put(round);
    expect(await world.store.approvals.of(incidentId)).toHaveLength(2);
  });

  it('is old news after ten minutes: then it asks again', async () => {
    await askFor('approved');
    const { round } = await look();
    world.at += ANSWER_GOOD_FOR_MS + 1;
    expect(await attempt(round)).toMatchObject({ held: expect.stringContaining('too old') as string });
    expect(world.ends).toEqual([]);
  });

  it('is out for the incident after a no: others go on, and a person is paged when none is left', async () => {
    await askFor('denied');
    expect((await look()).next).toBe('settle');
    expect((await look()).next).toBe('settle');
    expect((await look()).next).toBe('escalate');
    const incident = await world.store.incidents.byId(incidentId);
    expect(incident?.escalation?.reason).toContain('a person has said no');
    expect(incident?.spared['denied']).toBeGreaterThan(0);
    expect(await attempt(4)).toMatchObject({ held: 'a fresh snapshot shows no session to end' });
  });

  it('leaves it to a person when nobody answered in time, and the late answer is none', async () => {
    const asked = await askFor(null);
    world.at = asked.expiresAt;
    expect((await look()).next).toBe('escalate');
    expect((await world.store.incidents.byId(incidentId))?.escalation).toMatchObject({
      reason: 'nobody answered within 15 min, so nothing was done: kill-idle would end 30 sessions',
    });
    expect(await lastAsked()).toMatchObject({ status: 'expired', endedAt: world.at });
    const decision = { by: 'ann', via: 'page', address: null, at: world.at } as const;
    const { planHash } = asked;
    expect(
      await world.store.approvals.answer(asked, { answer: 'approved', planHash, secretHash: null, decision }),
    ).toBeNull();
  });

  it('does not count the wait for people as time of its own', async () => {
    await askFor(null);
    world.at += 14 * MINUTE;
    const decision = { by: 'ann', via: 'page', address: null, at: world.at } as const;
    const asked = await lastAsked();
    await world.store.approvals.answer(asked, {
      answer: 'approved',
      planHash: asked.planHash,
      secretHash: null,
      decision,
    });
    expect((await look()).next).toBe('kill-idle');
  });

  it('asks nothing of anybody who is not needed any more', async () => {
    await askFor('approved');
    world.snapshots = [aSnapshot(100, many(50, 1, web))];
    world.samples = [aSnapshot(100, many(50, 1, web))];
    expect(await look()).toMatchObject({ next: 'close', outcome: 'not-needed' });
    expect(world.ends).toEqual([]);
  });

  it('is held by a pause that comes after the yes', async () => {
    const { id } = (await world.store.incidents.byId(incidentId))?.target ?? { id: '' };
    await askFor('approved');
    const { round } = await look();
    await world.store.pauses.put({
      targetId: id,
      tier: null,
      by: 'bob',
      why: 'let me look',
      at: world.at,
      until: null,
    });
    expect((await attempt(round)).held).toContain('paused by bob');
    expect(await lastAsked()).toMatchObject({ usedInRound: null });
    await world.store.pauses.lift({ targetId: id, tier: null });
  });
});

describe('asking', () => {
  it('holds the target for as long as the answer is waited for', async () => {
    const asked = await askFor(null);
    world.at = asked.expiresAt + LEASE_MS - 1;
    const other = { id: 'other', target: aTarget({ id: `t${count}` }), alarm: { alarm: '', at: world.at, reason: '' } };
    const opening = await world.store.incidents.open({ ...other, at: world.at, leaseUntil: world.at });
    expect(opening.kind).toBe('joined');
  });

  it('is withdrawn when no person could be told, and asked anew', async () => {
    const { round } = await look();
    world.topicFails = true;
    await expect(put(round)).rejects.toMatchObject({ name: 'NoticeUndelivered' });
    expect(await lastAsked()).toMatchObject({ status: 'withdrawn' });
    world.topicFails = false;
    const again = await look();
    expect(again.next).toBe('ask');
    await put(again.round);
    expect(world.published.at(-1)?.attributes).toMatchObject({ notice: 'approval', severity: 'critical' });
  });

  it('is withdrawn when the workflow goes on without an answer for a reason of its own', async () => {
    await askFor(null);
    world.at += 1_000;
    expect((await look()).next).toBe('ask');
    expect((await world.store.approvals.of(incidentId))[0]).toMatchObject({ status: 'withdrawn' });
  });

  it('happens once a round, about what is on record with it', async () => {
    const { round } = await look();
    await put(round);
    await expect(put(round)).rejects.toThrow('has asked already');
    await expect(put(round + 1)).rejects.toThrow('has no question');
  });
});

describe('sessions that only a person may end', () => {
  const alter = (id: number) =>
    active(id, {
      queryMs: 1_200_000,
      stateMs: 1_200_000,
      statement: { verb: 'ALTER', text: null, isOptedOut: false },
    });
  const full = aSnapshot(40, [
    ...many(3, 1, alter),
    ...many(5, 10, (id) => inTransaction(id, { hasWritten: true, rowsModified: 50_000 })),
    ...many(32, 50, (id) => active(id)),
  ]);

  it('are candidates in mode approve, by name, and spared in mode act', async () => {
    world.snapshots = [full];
    const asked = await askFor('approved');
    expect(asked.plan.named.map(({ needsPerson }) => needsPerson)).toContain('rollback-too-costly');
    const { round } = await look();
    const { tier } = asked.plan;
    expect(await attempt(round, tier)).toMatchObject({ held: null, counts: { ended: asked.plan.sessions } });

    const acting = await world.openIncident(aTarget({ id: `t${++count}`, mode: 'act', policy: aPolicy() }));
    expect((await diagnose({ schema: 1, incidentId: acting }, world)).next).toBe('settle');
    expect((await world.store.incidents.byId(acting))?.spared['rollback-too-costly']).toBe(5);
  });

  it('are ended only if they are the very ones that were named', async () => {
    world.snapshots = [full];
    const asked = await askFor('approved');
    const { round } = await look();
    const others = {
      ...full,
      sessions: full.sessions.map((each) => ({
        ...each,
        identity: { ...each.identity, incarnation: `later-${each.identity.id}` },
      })),
    };
    world.snapshots = [others];
    expect((await attempt(round, asked.plan.tier)).held).toContain('that the approval covers');
    expect(world.ends).toEqual([]);
  });
});
