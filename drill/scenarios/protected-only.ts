import { ENGINE_NAMES } from '../../functions/core/snapshot.ts';
import { COMPRESSED, type Scenario } from './scenario.ts';

/** The backup overran and met the migration. Both look like trouble, in every way a session can. */
export const protectedOnly: Scenario = {
  name: 'protected-only',
  summary: 'a backup, a migration and a standby hold the slots: nobody may be ended, a person must hear of it',
  engines: ENGINE_NAMES,
  server: { maxConnections: 40, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    {
      name: 'the standby',
      behaviour: 'replication',
      user: 'standby',
      login: 'replication',
      application: 'standby-1',
      label: 'innocent',
      sessions: 1,
    },
    {
      name: 'the backup',
      behaviour: 'protected-work',
      user: 'backup',
      application: 'pg_dump',
      label: 'innocent',
      sessions: 15,
    },
    {
      name: 'the migration',
      behaviour: 'protected-work',
      user: 'deploy',
      application: 'Flyway Community Edition',
      label: 'innocent',
      sessions: 'until-refused',
    },
  ],
  refused: 'ordinary',
  ripenMs: 3_400,
  expect: { outcome: 'escalated', cause: 'job-holding-on', tiers: [] },
};
