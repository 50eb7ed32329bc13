import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { checkThat } from '../scenario/checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

const INSTANCES = 12;
const SIZE = 6;

/** A pool of a reasonable size, times the instances: the sum was never calculated. */
export const poolMisconfiguration: Scenario = {
  name: 'pool-misconfiguration',
  summary:
    'many instances times their pool is more than the limit: ended sessions are back at once, so the page shows the arithmetic',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  pools: [{ name: 'orders-api', instances: INSTANCES, size: SIZE, cores: 2 }],
  loads: [
    HEALTHY_POOL,
    {
      name: 'the pools that are too large together',
      behaviour: 'oversized-pools',
      user: 'orders',
      application: 'orders-api',
      label: 'guilty',
      instances: INSTANCES,
      sessions: INSTANCES * SIZE,
    },
  ],
  refused: 'ordinary',
  ripenMs: 5_500,
  expect: {
    outcome: 'escalated',
    cause: 'pool-oversubscription',
    tiers: ['kill-idle'],
    also: ({ incident: { escalation, target } }) => {
      const advice = escalation?.advice.join('; ') ?? 'none';
      const reason = escalation?.reason ?? 'none';
      const [sums] = target.pools.map(({ instances, size }) => `${instances} × ${size}`);
      return [
        checkThat(
          'why a person is needed',
          'ended sessions come back at once',
          reason,
          reason.includes('come back at once'),
        ),
        checkThat('the page has the arithmetic', sums ?? 'none', advice, sums !== undefined && advice.includes(sums)),
      ];
    },
  },
};
