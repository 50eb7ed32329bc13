import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import { checkEqual, checkThat } from '../scenario/checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

function migrationBy(application: string): readonly LoadInput[] {
  return [
    HEALTHY_POOL,
    {
      name: 'the migration',
      behaviour: 'migration',
      user: 'deploy',
      login: 'owner',
      application,
      label: 'guilty',
      sessions: 1,
    },
    {
      name: 'the customers who wait',
      behaviour: 'lock-waiters',
      user: 'orders',
      application: 'order-api',
      label: 'innocent',
      sessions: 'until-refused',
    },
  ];
}

const NOBODY_ENDED = { outcome: 'escalated', cause: 'job-holding-on', tiers: [] } as const;

/** A migration in the middle of the day changes a table that every request needs, and holds on to it. */
export const migrationLocks: Scenario = {
  name: 'migration-locks',
  summary: 'a migration tool holds a lock and all others wait behind it: no session may be ended, a person must decide',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  // It is protected by its name, guilty or not.
  loads: migrationBy('Flyway Community Edition'),
  refused: 'ordinary',
  ripenMs: 3_200,
  expect: NOBODY_ENDED,
  on: {
    // Without performance_schema the tool is unknown: there the policy has to name the user.
    mariadb: {
      policy: { ...COMPRESSED, protect: { users: ['deploy'] } },
      expect: { ...NOBODY_ENDED, cause: 'lock-contention' },
    },
  },
};

/** The same, done manually. Headroom does not end such a statement unless a person approves it. */
export const migrationByHand: Scenario = {
  ...migrationLocks,
  name: 'migration-by-hand',
  summary: 'a table is changed manually and all others wait behind it: a person is asked about exactly that session',
  // Elsewhere DDL ends its transaction, and its lock with it.
  engines: ['postgres'],
  policy: { ...COMPRESSED, tiers: { 'break-locks': 'approve' } },
  answers: ['approved'],
  loads: migrationBy('psql'),
  expect: {
    outcome: 'relieved',
    cause: 'job-holding-on',
    tiers: ['break-locks'],
    also: ({ ended, approvals }) => [
      checkEqual('sessions ended', 1, ended.length),
      checkThat(
        'a person agreed',
        'approved',
        approvals.map(({ status }) => status).join(', ') || 'not asked',
        approvals.some(({ status }) => status === 'approved'),
      ),
    ],
  },
  on: {},
};
