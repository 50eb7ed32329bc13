import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { checkThat } from '../scenario/checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/**
 * The server has room; it is the application's own limit that turns its clients away. Ending sessions would not help.
 */
export const consumerLimit: Scenario = {
  name: 'consumer-limit',
  summary: 'an application is refused by its own connection limit while the server has room: nothing may be ended',
  engines: ENGINE_NAMES,
  server: { maxConnections: 40, superuserReserved: 2, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    {
      name: 'the limited application',
      behaviour: 'leaking-app',
      user: 'invoices',
      application: 'invoice-export',
      label: 'innocent',
      sessions: 'until-refused',
      connectionLimit: 10,
    },
  ],
  refused: 'limited',
  ripenMs: 3_200,
  expect: {
    outcome: 'not-needed',
    cause: 'consumer-limit',
    tiers: [],
    also: ({ incident: { cause, admission }, loads }) => {
      const evidence = cause?.evidence.join('; ') ?? 'none';
      const limited = loads.find(({ spec }) => spec.connectionLimit !== undefined)?.spec;
      const words = `user ${limited?.user ?? ''} has all ${limited?.connectionLimit ?? ''}`;
      return [
        checkThat(
          'got in',
          'at once',
          admission?.way ?? 'never',
          admission?.attempts === 1 || admission?.way === 'warm',
        ),
        checkThat('the evidence', 'names the user and its limit', evidence, evidence.includes(words)),
      ];
    },
  },
};
