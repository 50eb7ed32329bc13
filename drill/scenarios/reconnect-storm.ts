import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { checkThat } from '../scenario/checks.ts';
import { COMPRESSED, type Scenario } from '../scenario/scenario.ts';

/** Ending sessions is useless: every client is back within milliseconds. */
export const reconnectStorm: Scenario = {
  name: 'reconnect-storm',
  summary: 'clients without back-off refill every slot within milliseconds: Headroom gets in and names the storm',
  engines: ENGINE_NAMES,
  server: { maxConnections: 24, superuserReserved: 2, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    {
      name: 'the storm',
      behaviour: 'storm',
      user: 'checkout',
      application: 'checkout-api',
      label: 'guilty',
      sessions: 32,
      // With 20 slots one comes free every 100 ms, and is taken within some 10.
      keepMs: 2_000,
      isBusy: true,
      retryMs: 120,
    },
  ],
  refused: 'ordinary',
  ripenMs: 1_000,
  expect: {
    outcome: 'escalated',
    cause: 'connection-storm',
    tiers: [],
    also: ({ incident: { admission }, loads }) => {
      const refused = loads.reduce((sum, load) => sum + load.refused, 0);
      return [
        checkThat('got in', 'within its patience', admission?.way ?? 'never', admission !== null),
        checkThat('a storm blew', 'at least 100 logins refused', refused, refused >= 100),
      ];
    },
  },
};
