import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import { checkThat } from '../scenario/checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

function analyst(user: string, application: string, sessions: LoadInput['sessions']): LoadInput {
  return {
    name: `the reads of ${user}`,
    behaviour: 'runaway-query',
    user,
    application,
    label: 'guilty',
    sessions,
    everyMs: 50,
  };
}

/** Several people study the same year, each with joins over tables that have no index for them. */
export const runawayAnalytics: Scenario = {
  name: 'runaway-analytics',
  summary: 'the long reads of several analysts hold the slots beside a healthy pool',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    analyst('ada', 'tableau', 14),
    analyst('ben', 'notebook', 10),
    analyst('cleo', 'dbt', 'until-refused'),
  ],
  refused: 'ordinary',
  ripenMs: 2_600,
  expect: {
    outcome: 'relieved',
    cause: 'long-queries',
    tiers: ['cancel-long'],
    also: ({ loads }) => {
      const cancelled = loads.reduce((sum, load) => sum + load.cancelled.length, 0);
      return [checkThat('queries that stopped when cancelled', 'at least 10', cancelled, cancelled >= 10)];
    },
  },
};
