import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import { COMPRESSED, type Scenario } from '../scenario/scenario.ts';

/** A starved machine must not make a busy session look idle. */
const FOR_BUSY_SESSIONS = {
  ...COMPRESSED,
  ages: { ...COMPRESSED.ages, idleSeconds: 5, querySeconds: 5 },
} as const satisfies Scenario['policy'];

function service(user: string, application: string, sessions: LoadInput['sessions']): LoadInput {
  return {
    name: `the customers of ${application}`,
    behaviour: 'honest-load',
    user,
    application,
    label: 'innocent',
    sessions,
    everyMs: 60,
  };
}

/** The company has grown, and with it each of its services: the default limit is not enough for an ordinary day. */
export const limitTooLow: Scenario = {
  name: 'limit-too-low',
  summary: 'several services are busy with short work, more than the limit has room for: no session may be ended',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: FOR_BUSY_SESSIONS,
  loads: [
    service('shop', 'shop-web', 20),
    service('search', 'search-api', 15),
    service('accounts', 'accounts-api', 'until-refused'),
  ],
  refused: 'ordinary',
  ripenMs: 5_500,
  expect: { outcome: 'escalated', cause: 'limit-too-low', tiers: [] },
};

/** Five times the customers within minutes, and as many instances as the autoscaler could start. */
export const blackFriday: Scenario = {
  ...limitTooLow,
  name: 'black-friday',
  summary:
    'a surge of customers: many instances, all busy with short work: no session may be ended, and a person must be notified',
  loads: [
    {
      name: 'the customers',
      behaviour: 'honest-load',
      user: 'shop',
      application: 'shop-web',
      label: 'innocent',
      instances: 12,
      sessions: 'until-refused',
    },
  ],
};
