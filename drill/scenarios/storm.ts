import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import { checkEqual, checkThat } from '../scenario/checks.ts';
import type { DrillFacts } from '../scenario/facts.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/** A service that was deployed with retries and without back-off: 45 clients for some 27 slots. */
const STORM = {
  name: 'the storming service',
  behaviour: 'storm',
  user: 'checkout',
  application: 'checkout-api',
  label: 'guilty',
  sessions: 45,
} as const satisfies LoadInput;

const SERVER = { maxConnections: 40, superuserReserved: 3, reserved: 2 } as const;

/** Clients time out, give up their session and come again: no session is ever old enough to be ended. */
export const storm: Scenario = {
  name: 'storm',
  summary:
    'clients reconnect without back-off: a person agrees to a temporary limit on their user, and only then sessions end',
  engines: ENGINE_NAMES,
  server: SERVER,
  mode: 'act',
  policy: COMPRESSED,
  answers: ['approved'],
  loads: [HEALTHY_POOL, { ...STORM, keepMs: 2_000 }],
  limitableUsers: [STORM.user],
  refused: 'ordinary',
  ripenMs: 1_500,
  expect: {
    outcome: 'relieved',
    cause: 'connection-storm',
    // The limit alone may do: its clients leave by themselves, within the time that a slow server takes to end them.
    tiers: [],
    mayEnd: ['cap-consumer'],
    // What the storm takes and gives back between two looks is no reason to ask again.
    also: (facts) => [...wasLimited(facts), questionsAboutTheLimit(facts)],
  },
};

/**
 * Clients keep what they get. So it looks like a leak, or like pools that are too large, until idle sessions are ended,
 * their slots are taken again at once, and that is measured.
 */
export const stormRefill: Scenario = {
  ...storm,
  name: 'storm-refill',
  summary: 'ended sessions are back within a second: the rebound is measured, their user is limited, and then it helps',
  policy: { ...COMPRESSED, tiers: { 'cap-consumer': 'act' } },
  loads: [HEALTHY_POOL, STORM],
  ripenMs: 3_200,
  expect: {
    ...storm.expect,
    tiers: ['cap-consumer', 'kill-idle'],
    mayEnd: [],
    also: wasLimited,
  },
};

/** The same with kills alone, for comparison with cap-consumer. */
export const stormKillsAlone: Scenario = {
  ...stormRefill,
  name: 'storm-kills-alone',
  summary: 'the same storm without a limit: no number of kills helps, and the page says what would',
  policy: { ...COMPRESSED, tiers: { 'cap-consumer': 'observe' } },
  expect: {
    outcome: 'escalated',
    cause: 'connection-storm',
    tiers: ['kill-idle'],
    also: ({ incident: { escalation }, limits, limitedUsers, loads }) => [
      checkEqual('limits set', 0, limits.length + limitedUsers.length),
      checkThat(
        'the page says what would help',
        `the limit on the user ${userOf(loads)}`,
        escalation?.advice.join('; ') ?? 'none',
        escalation?.advice.some((advice) =>
          new RegExp(`cap-consumer .*would limit the user ${userOf(loads)}`).test(advice),
        ) ?? false,
      ),
    ],
  },
};

/** Who storms: every seed has its own names. */
function userOf(loads: DrillFacts['loads']): string {
  return loads.find(({ spec }) => spec.behaviour === 'storm')?.spec.user ?? 'nobody';
}

function questionsAboutTheLimit({ approvals }: DrillFacts) {
  return checkEqual('questions about the limit', 1, approvals.filter(({ plan }) => plan.limit !== null).length);
}

function wasLimited({ limits, limitedUsers, loads }: DrillFacts) {
  const [limit] = limits;
  const user = userOf(loads);
  return [
    checkThat(
      'the limit',
      `set on ${user}, lifted at the end`,
      limit === undefined ? 'none' : `${limit.limit} on ${limit.user}, ${limit.end}`,
      limit?.user === user && limit.end === 'lifted',
    ),
    checkEqual('users with a limit afterwards', 'none', limitedUsers.join(', ') || 'none'),
  ];
}
