import { ENGINE_NAMES, type EngineName } from '../../functions/core/server/snapshot.ts';
import { checkEqual, checkThat } from '../scenario/checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/** They swallow the cancel request; being the oldest queries, they are among those that are cancelled. */
const STUBBORN = 2;

/** Without performance_schema a routine that swallows a cancel shows as one that has gone on to its next statement. */
const STUBBORN_SEEN = { postgres: STUBBORN, mysql: STUBBORN, mariadb: 0 } as const satisfies Record<EngineName, number>;

/** A report joins everything with everything, and many users have started it again. */
export const runawayQuery: Scenario = {
  name: 'runaway-query',
  summary: 'endless queries hold the slots beside healthy short ones; two of them ignore a cancel',
  engines: ENGINE_NAMES,
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
      stubborn: STUBBORN,
    },
  ],
  refused: 'ordinary',
  ripenMs: 3_400,
  expect: {
    outcome: 'relieved',
    cause: 'long-queries',
    tiers: ['cancel-long'],
    also: ({ loads, incident }) => {
      const report = loads.find(({ spec }) => spec.label === 'guilty');
      const cancelled = report?.cancelled.length ?? 0;
      const terminated = report?.sessions.filter(({ end }) => end === 'lost').length ?? 0;
      return [
        checkThat('queries that stopped when cancelled', 'at least 10', cancelled, cancelled >= 10),
        checkEqual('sessions ended for ignoring it', STUBBORN_SEEN[incident.target.engine], terminated),
      ];
    },
  },
};
