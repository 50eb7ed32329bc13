import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/** A service of a shop forgets to give its connections back. */
export const connectionLeak: Scenario = {
  name: 'connection-leak',
  summary: 'an application leaks connections beside a healthy pool until ordinary clients are refused',
  engines: ENGINE_NAMES,
  server: { maxConnections: 100, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    {
      name: 'the leaking application',
      behaviour: 'leaking-app',
      user: 'invoices',
      application: 'invoice-export',
      label: 'guilty',
      sessions: 'until-refused',
      everyMs: 25,
    },
  ],
  refused: 'ordinary',
  ripenMs: 2_400,
  expect: { outcome: 'relieved', cause: 'connection-leak', tiers: ['kill-idle'] },
};
