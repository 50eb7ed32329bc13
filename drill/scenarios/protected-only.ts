import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import { COMPRESSED, type Scenario } from '../scenario/scenario.ts';

/** The same jobs everywhere, by the tools that do them there. */
function jobs(backupTool: string): readonly LoadInput[] {
  return [
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
      application: backupTool,
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
  ];
}

const NOBODY_ENDED = { outcome: 'escalated', cause: 'job-holding-on', tiers: [] } as const;

/** The backup overran and met the migration. Both look like trouble, in every way a session can. */
export const protectedOnly: Scenario = {
  name: 'protected-only',
  summary: 'a backup, a migration and a standby hold the slots: no session may be ended, and a person must be notified',
  engines: ENGINE_NAMES,
  server: { maxConnections: 40, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: jobs('pg_dump'),
  refused: 'ordinary',
  ripenMs: 3_400,
  expect: NOBODY_ENDED,
  on: {
    mysql: { loads: jobs('mysqldump') },
    // Without performance_schema the tool of a session is unknown, unless its user's name says it: the policy has to name
    // the users.
    mariadb: {
      loads: jobs('mariadb-dump'),
      policy: { ...COMPRESSED, protect: { users: ['backup', 'deploy'] } },
      // Where it does not, a third each is at work, waits in a transaction and is idle: no cause stands out by much.
      expect: { ...NOBODY_ENDED, cause: ['job-holding-on', 'idle-in-transaction', 'pool-oversubscription', 'unclear'] },
    },
  },
};
