import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/**
 * Connections that never become sessions. There is no session to end, and only a session from before the flood is
 * inside.
 */
export const halfOpenFlood: Scenario = {
  name: 'half-open-flood',
  summary:
    'connections that never log in take every slot: no session can be ended, and a person must learn where to look',
  engines: ENGINE_NAMES,
  server: { maxConnections: 40, superuserReserved: 2, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    {
      name: 'the flood',
      behaviour: 'half-open-flood',
      user: 'unknown',
      application: 'scanner',
      label: 'guilty',
      sessions: 'until-refused',
    },
  ],
  refused: 'ordinary',
  // Longer than a login takes.
  ripenMs: 4_000,
  expect: { outcome: 'escalated', cause: 'half-open-connections', tiers: [] },
};
