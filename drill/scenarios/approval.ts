import { checkEqual, checkThat, type Check } from '../scenario/checks.ts';
import type { DrillFacts } from '../scenario/facts.ts';
import { COMPRESSED, type Scenario } from '../scenario/scenario.ts';
import { connectionLeak } from './connection-leak.ts';

/** The leak of `connection-leak`, on a target that asks before anything is ended. */
const ASKING = {
  ...connectionLeak,
  mode: 'approve',
  policy: { ...COMPRESSED, approval: { waitMinutes: 0.5 } },
} as const satisfies Omit<Scenario, 'expect'> & { readonly expect: unknown };

const RELIEVED = connectionLeak.expect;

export const approve: Scenario = {
  ...ASKING,
  name: 'approve',
  summary: 'a target in mode approve: nothing is ended before a person has said yes to the exact plan',
  answers: ['approved'],
  expect: {
    ...RELIEVED,
    also: (facts) => [checkEqual('answers', 'approved', answersOf(facts)), checkActedOn(facts, 0)],
  },
};

export const deny: Scenario = {
  ...ASKING,
  name: 'deny',
  summary: 'a person says no: nothing is ended, and the incident is escalated',
  answers: ['denied'],
  expect: {
    outcome: 'escalated',
    cause: 'connection-leak',
    tiers: [],
    also: (facts) => [checkEqual('answers', 'denied', answersOf(facts)), checkReason(facts, 'a person has said no')],
  },
};

export const expire: Scenario = {
  ...ASKING,
  name: 'expire',
  summary: 'no person answers in time: nothing is ended, and a person is paged',
  policy: { ...COMPRESSED, approval: { waitMinutes: 0.05 } },
  answers: ['nothing'],
  expect: {
    outcome: 'escalated',
    cause: 'connection-leak',
    tiers: [],
    also: (facts) => [checkEqual('answers', 'expired', answersOf(facts)), checkReason(facts, 'nobody answered')],
  },
};

export const changedPlan: Scenario = {
  ...ASKING,
  name: 'changed-plan',
  // Elsewhere Headroom itself holds the one slot beyond the limit.
  engines: ['postgres'],
  // Under the budget of one act, so that the plan can grow.
  policy: { ...ASKING.policy, reliefPercent: 75 },
  summary: 'the load grows while a person reads, so that the approved plan is not enough: they are asked again',
  // Clients come and go, and a client that is just logging in holds a slot too. So the load grows by more than that,
  // and is gone before the snapshot after the second answer, which then covers the plan in any case.
  lateLoads: [
    {
      name: 'a tool on the reserved slots',
      behaviour: 'quiet-sessions',
      user: 'tool',
      login: 'superuser',
      application: 'late-tool',
      label: 'innocent',
      sessions: 3,
    },
  ],
  answers: ['approved', 'approved'],
  expect: {
    ...RELIEVED,
    also: (facts) => [checkEqual('answers', 'approved', answersOf(facts)), checkActedOn(facts, 1)],
  },
};

/** The answers given. Slots come and go beside the plan, so a last few sessions may need a question of their own. */
function answersOf({ approvals }: DrillFacts): string {
  return [...new Set(approvals.map(({ status }) => status))].join(', ');
}

/**
 * That the first act came after this answer and because of it. A smaller act that follows may use an earlier answer.
 */
function checkActedOn({ incident, approvals }: DrillFacts, index: number): Check {
  const rounds = approvals.map(({ usedInRound }) => usedInRound ?? Infinity);
  const first = Math.min(...rounds);
  const used = first === Infinity ? -1 : rounds.indexOf(first);
  const answeredAt = approvals[index]?.decision?.at ?? Infinity;
  const isAfter = (incident.firstActionAt ?? 0) >= answeredAt;
  const found = used === -1 ? 'none' : `number ${used + 1}${isAfter ? '' : ', but before it was given'}`;
  return checkThat('the first answer that was acted on', `number ${index + 1}`, found, used === index && isAfter);
}

function checkReason({ incident }: DrillFacts, words: string): Check {
  const reason = incident.escalation?.reason ?? 'none';
  return checkThat('why a person is needed', words, reason, reason.includes(words));
}
