import { checkThat } from '../checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from './scenario.ts';

/** A report joins everything with everything, and everybody has pressed its button again. */
export const runawayQuery: Scenario = {
  name: 'runaway-query',
  summary: 'endless queries hold the slots beside healthy short ones; two of them ignore a cancel',
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    {
      name: 'the report',
      behaviour: 'runaway-query',
      user: 'reporting',
      application: 'monthly-report',
      label: 'guilty',
      sessions: 'until-refused',
      stubborn: 2,
    },
  ],
  refused: 'ordinary',
  ripenMs: 3_400,
  expect: {
    outcome: 'relieved',
    cause: 'long-queries',
    tiers: ['cancel-long'],
    reliefWithinSeconds: 25,
    also: ({ ended }) => {
      const cancelled = ended.filter(({ result }) => result === 'cancelled').length;
      const terminated = ended.filter(({ result }) => result === 'ended').length;
      return [
        checkThat('queries that stopped when cancelled', 'at least 10', cancelled, cancelled >= 10),
        checkThat('sessions ended for ignoring it', 'at least 1', terminated, terminated >= 1),
      ];
    },
  },
};
