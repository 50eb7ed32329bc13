import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/** An application waits for a payment provider in the middle of its transactions. */
export const idleInTransaction: Scenario = {
  name: 'idle-in-transaction',
  summary: 'transactions are left open, some of them failed, until no slot is left',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    {
      name: 'the forgetful application',
      behaviour: 'idle-in-transaction',
      user: 'checkout',
      application: 'checkout-api',
      label: 'guilty',
      sessions: 'until-refused',
      everyMs: 25,
    },
  ],
  refused: 'ordinary',
  ripenMs: 3_200,
  expect: {
    outcome: 'relieved',
    cause: 'idle-in-transaction',
    tiers: ['end-idle-transactions'],
  },
};
