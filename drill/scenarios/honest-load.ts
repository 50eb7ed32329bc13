import { ENGINE_NAMES } from '../../functions/core/snapshot.ts';
import { COMPRESSED, type Scenario } from './scenario.ts';

/** The shop is popular today. There is nobody to end. */
export const honestLoad: Scenario = {
  name: 'honest-load',
  summary: 'every session is busy with short work: nobody may be ended, a person must hear of it',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  // A starved machine must not make a busy session look idle.
  policy: { ...COMPRESSED, ages: { ...COMPRESSED.ages, idleSeconds: 5, querySeconds: 5 } },
  loads: [
    {
      name: 'the customers',
      behaviour: 'honest-load',
      user: 'shop',
      application: 'shop-web',
      label: 'innocent',
      sessions: 'until-refused',
    },
  ],
  refused: 'ordinary',
  ripenMs: 5_500,
  expect: { outcome: 'escalated', cause: 'limit-too-low', tiers: [] },
};
