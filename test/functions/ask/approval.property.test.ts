import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { act } from '../../../functions/act/act.ts';
import { ask } from '../../../functions/ask/ask.ts';
import type { DiagnoseResult } from '../../../functions/core/protocol/steps.ts';
import { ANSWER_GOOD_FOR_MS, hashSecret, type Approval } from '../../../functions/core/record/approval.ts';
import { parseLinkKey } from '../../../functions/core/record/link-key.ts';
import { consumerOf } from '../../../functions/core/server/consumer.ts';
import type { Snapshot } from '../../../functions/core/server/snapshot.ts';
import { diagnose } from '../../../functions/diagnose/diagnose.ts';
import { answerQuestion } from '../../../functions/incident/answer-question.ts';
import { aSession, aSnapshot, aTarget, many } from '../../support/a-session.ts';
import { MINUTE } from '../../support/an-approval.ts';
import { StepWorld } from '../../support/step-world.ts';

let world: StepWorld;
beforeAll(async () => {
  world = await StepWorld.create();
});
afterAll(() => world.stop());

const web = (id: number) => aSession(id);
const api = (id: number) => aSession(id, { user: 'api', application: 'api' });
const SNAPSHOTS: readonly Snapshot[] = [
  aSnapshot(100, many(100, 1, web)),
  // More of the same, others, and nothing left to do.
  aSnapshot(100, many(105, 1, web)),
  aSnapshot(100, [...many(30, 1, web), ...many(70, 200, api)]),
  aSnapshot(100, many(50, 1, web)),
];
const byId = new Map(SNAPSHOTS.flatMap(({ sessions }) => sessions.map((each) => [each.identity.id, consumerOf(each)])));

type Step =
  | { readonly do: 'look'; readonly at: number }
  | { readonly do: 'ask' }
  | { readonly do: 'answer'; readonly yes: boolean; readonly key: 'right' | 'forged'; readonly plan: 'right' | 'other' }
  | { readonly do: 'act'; readonly round: number }
  | { readonly do: 'wait'; readonly minutes: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const), at: fc.nat({ max: SNAPSHOTS.length - 1 }) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'ask' as const }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      yes: fc.boolean(),
      key: fc.constantFrom('right' as const, 'right' as const, 'forged' as const),
      plan: fc.constantFrom('right' as const, 'right' as const, 'other' as const),
    }),
  },
  // Also in rounds that nobody told to act, and again in rounds that have.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('act' as const), round: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(0.1, 4, 11, 16) }) },
);

/** How a story may go on once something was asked: as it comes, with a yes and the look after it, or with the act too. */
const UNANSWERED: readonly Step[] = [];
const AGREED: readonly Step[] = [
  { do: 'answer', yes: true, key: 'right', plan: 'right' },
  { do: 'look', at: 0 },
];
const ACTED: readonly Step[] = [...AGREED, { do: 'act', round: 0 }];

/** What the outside knows: the links that were sent, and the answers that were said to be recorded. */
interface Known {
  links: { readonly round: number; readonly secret: string; readonly expiresAt: number }[];
  recorded: { readonly approval: Approval; readonly at: number }[];
  used: number[];
}

let runs = 0;

async function play(list: readonly Step[]): Promise<Known> {
  const target = aTarget({ id: `t${++runs}`, mode: 'approve' });
  const incidentId = await world.openIncident(target);
  world.ends.length = 0;
  world.samples = [aSnapshot(100, many(50, 1, web))];
  world.snapshots = [SNAPSHOTS[0] ?? aSnapshot(1, [])];
  const known: Known = { links: [], recorded: [], used: [] };
  let last: DiagnoseResult | null = null;
  for (const step of list) {
    switch (step.do) {
      case 'wait':
        world.at += step.minutes * MINUTE;
        break;
      case 'look': {
        world.snapshots = [SNAPSHOTS[step.at] ?? aSnapshot(1, [])];
        last = await diagnose({ schema: 1, incidentId }, world);
        break;
      }
      case 'ask':
        if (last?.next === 'ask') await askOnce(incidentId, last.round, known);
        break;
      case 'answer':
        await answerOnce(incidentId, step, known);
        break;
      case 'act': {
        const round = Math.max(1, (last?.round ?? 1) - step.round);
        await actOnce(incidentId, round, known);
        break;
      }
    }
  }
  return known;
}

async function askOnce(incidentId: string, round: number, known: Known): Promise<void> {
  const sent = world.published.length;
  const pageUrl = 'https://page.example/';
  const secret = `secret-${runs}-${round}-`.padEnd(43, 'x');
  const deps = { ...world, newSecret: () => secret, pageUrl, now: world.now };
  await ask({ schema: 1, incidentId, round, taskToken: `token-${runs}-${round}` }, deps).then(
    ({ expiresAt }) => known.links.push({ round, secret, expiresAt }),
    // A round asks once.
    () => expect(known.links.some((link) => link.round === round)).toBe(true),
  );
  for (const { body } of world.published.slice(sent)) {
    const key = /\?key=(\S+)/.exec(body)?.[1] ?? '';
    expect(parseLinkKey(key)).toEqual({ incidentId, round, secret });
    expect(body).not.toContain('token-');
  }
}

async function answerOnce(
  incidentId: string,
  { yes, key, plan }: Extract<Step, { do: 'answer' }>,
  known: Known,
): Promise<void> {
  const link = known.links.at(-1);
  if (!link) return;
  const asked = (await world.store.approvals.of(incidentId)).find(({ round }) => round === link.round);
  const planHash = plan === 'right' ? (asked?.planHash ?? '') : '0'.repeat(64);
  const secretHash = hashSecret(key === 'right' ? link.secret : 'guessed');
  const decision = { by: 'ann', via: 'page', address: '192.0.2.7', at: world.at } as const;
  const before = asked?.status;
  const answer = yes ? 'approved' : 'denied';
  const answered = await answerQuestion(
    { incidentId, round: link.round },
    { answer, planHash, secretHash, decision },
    world,
  );
  const mayCount = key === 'right' && plan === 'right' && before === 'pending' && world.at < link.expiresAt;
  expect(answered.kind === 'recorded').toBe(mayCount);
  if (answered.kind === 'recorded') known.recorded.push({ approval: answered.approval, at: world.at });
}

async function actOnce(incidentId: string, round: number, known: Known): Promise<void> {
  const before = world.ends.length;
  // Whatever it throws, it must not have ended anybody without leave.
  await act({ schema: 1, incidentId, round, tier: 'kill-idle' }, world).catch(() => undefined);
  const [ended] = world.ends.slice(before);
  if (!ended) return;
  const yes = known.recorded.filter(
    ({ approval, at }) =>
      approval.status === 'approved' &&
      approval.plan.tier === 'kill-idle' &&
      !known.used.includes(approval.round) &&
      world.at - at <= ANSWER_GOOD_FOR_MS,
  );
  const taken = (await world.store.approvals.of(incidentId)).find(({ usedInRound }) => usedInRound === round);
  const own = yes.find(({ approval }) => approval.round === taken?.round);
  expect(own, 'a yes that matches, is fresh and was not used').toBeDefined();
  if (!own) return;
  known.used.push(own.approval.round);
  const { plan } = own.approval;
  expect(ended.victims.length).toBeLessThanOrEqual(plan.sessions);
  for (const { name, sessions } of plan.consumers) {
    expect(ended.victims.filter(({ identity }) => byId.get(identity.id) === name).length).toBeLessThanOrEqual(sessions);
  }
  const names = new Set(plan.consumers.map(({ name }) => name));
  expect(ended.victims.every(({ identity }) => names.has(byId.get(identity.id) ?? ''))).toBe(true);
}

describe('the approval protocol', () => {
  it('ends nobody without a matching, fresh, unused yes, whatever comes in whatever order', async () => {
    let acted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(UNANSWERED, AGREED, ACTED),
        fc.array(steps, { maxLength: 20 }),
        async (first, rest) => {
          const list = [...first, ...rest];
          const known = await play([{ do: 'look', at: 0 }, { do: 'ask' }, ...list]);
          acted += known.used.length;
          refused += list.filter((step) => step.do === 'act').length - known.used.length;
        },
      ),
      { numRuns: 80 },
    );
    // The property says something only if both happened often.
    expect(acted).toBeGreaterThan(2);
    expect(refused).toBeGreaterThan(25);
  });

  async function asked(): Promise<Approval> {
    const target = aTarget({ id: `t${++runs}`, mode: 'approve' });
    const incidentId = await world.openIncident(target);
    world.snapshots = [SNAPSHOTS[0] ?? aSnapshot(1, [])];
    const { round } = await diagnose({ schema: 1, incidentId }, world);
    await ask(
      { schema: 1, incidentId, round, taskToken: `token-${runs}` },
      { ...world, now: world.now, newSecret: () => 's'.repeat(43), pageUrl: null },
    );
    const [approval] = await world.store.approvals.of(incidentId);
    if (!approval) throw new Error('nothing was asked');
    return approval;
  }

  it('lets one of twenty answers at once win, and wakes the workflow once', async () => {
    const approval = await asked();
    world.resumed.length = 0;
    const secretHash = hashSecret('s'.repeat(43));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        answerQuestion(
          approval,
          {
            answer: index % 2 === 0 ? 'approved' : 'denied',
            planHash: approval.planHash,
            secretHash,
            decision: { by: `person ${index}`, via: 'page', address: null, at: world.at },
          },
          world,
        ),
      ),
    );
    expect(answers.filter(({ kind }) => kind === 'recorded')).toHaveLength(1);
    expect(answers.filter(({ kind }) => kind === 'late')).toHaveLength(19);
    expect(world.resumed).toEqual([`token-${runs}`]);
    const [standing] = await world.store.approvals.of(approval.incidentId);
    const winner = answers.find(({ kind }) => kind === 'recorded');
    expect(winner && 'approval' in winner && winner.approval).toEqual(standing);
  });

  it('takes no answer from the very moment on that the question runs out, also while nobody has ended it', async () => {
    const approval = await asked();
    const answerAt = (at: number) => {
      const decision = { by: 'ann', via: 'terminal', address: null, at } as const;
      const { planHash } = approval;
      return world.store.approvals.answer(approval, { answer: 'approved', planHash, secretHash: null, decision });
    };
    expect(await answerAt(approval.expiresAt)).toBeNull();
    expect(await world.store.approvals.of(approval.incidentId)).toMatchObject([{ status: 'pending', decision: null }]);
    expect(await answerAt(approval.expiresAt - 1)).toMatchObject({ status: 'approved' });
  });

  it('lets an answer and the end of the question exclude each other', async () => {
    for (let race = 0; race < 20; race++) {
      const approval = await asked();
      const decision = { by: 'ann', via: 'terminal', address: null, at: world.at } as const;
      const { planHash } = approval;
      const [answered, ended] = await Promise.all([
        world.store.approvals.answer(approval, { answer: 'approved', planHash, secretHash: null, decision }),
        world.store.approvals.end(approval, 'expired', world.at),
      ]);
      const [standing] = await world.store.approvals.of(approval.incidentId);
      expect(standing?.status).toBe(answered === null ? 'expired' : 'approved');
      expect(ended).toEqual(standing);
    }
  });

  it('lets one of ten acts at once use a yes', async () => {
    const approval = await asked();
    const decision = { by: 'ann', via: 'terminal', address: null, at: world.at } as const;
    await world.store.approvals.answer(approval, {
      answer: 'approved',
      planHash: approval.planHash,
      secretHash: null,
      decision,
    });
    const uses = await Promise.all(
      Array.from({ length: 10 }, (_, index) => world.store.approvals.use(approval, { round: index + 2, at: world.at })),
    );
    expect(uses.filter(Boolean)).toHaveLength(1);
  });

  it('leaves neither the token nor the hash of the secret in what is read out', async () => {
    const approval = await asked();
    const everything = JSON.stringify([
      await world.store.approvals.of(approval.incidentId),
      await world.store.incidents.byId(approval.incidentId),
      await world.store.rounds.of(approval.incidentId),
      world.published,
    ]);
    expect(everything).not.toContain(`token-${runs}`);
    expect(everything).not.toContain(hashSecret('s'.repeat(43)));
    expect(await world.store.approvals.taskTokenOf(approval)).toBe(`token-${runs}`);
  });
});
