import type { Pause } from '../../functions/core/policy/pause.ts';
import { checkThat } from '../scenario/checks.ts';
import type { DrillFacts } from '../scenario/facts.ts';
import { HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';
import { connectionLeak } from './connection-leak.ts';

const MOVE = { by: 'ann', why: 'we are moving house', until: null } as const;

/** The same leak, while a person has stopped everything. */
export const paused: Scenario = {
  ...connectionLeak,
  name: 'paused',
  summary: 'the same leak while everything is paused: diagnosed, recorded and notified, nothing is ended',
  before: (store) => store.pauses.put({ ...MOVE, targetId: null, tier: null, at: Date.now() }),
  expect: {
    outcome: 'observed',
    cause: 'connection-leak',
    tiers: [],
    also: (facts) => {
      const planned = facts.rounds.at(-1)?.planned['kill-idle'] ?? 0;
      return [
        checkThat('kill-idle would have ended', 'at least 20 sessions', planned, planned >= 20),
        ...checkNamed(facts, MOVE),
      ];
    },
  },
};

/** A leak of both kinds, while a person has stopped the tier that would go first. */
export const pausedTier: Scenario = {
  ...connectionLeak,
  name: 'paused-tier',
  summary: 'idle sessions and idle transactions leak while kill-idle is paused: the other tiers go on',
  loads: [
    HEALTHY_POOL,
    {
      name: 'the leaking application',
      behaviour: 'leaking-app',
      user: 'invoices',
      application: 'invoice-export',
      label: 'guilty',
      sessions: 50,
    },
    {
      name: 'the forgetful application',
      behaviour: 'idle-in-transaction',
      user: 'checkout',
      application: 'checkout-api',
      label: 'guilty',
      sessions: 'until-refused',
    },
  ],
  before: (store) => store.pauses.put({ ...MOVE, targetId: null, tier: 'kill-idle', at: Date.now() }),
  expect: {
    outcome: 'relieved',
    // Two leaks at once, and MySQL and MariaDB do not report when an earlier session connected: neither may stand out.
    cause: ['connection-leak', 'idle-in-transaction', 'unclear'],
    tiers: ['end-idle-transactions'],
    also: ({ incident }) => [
      checkThat('pauses on record', 'one', incident.pauses.length, incident.pauses.length === 1),
    ],
  },
};

function checkNamed({ rounds }: DrillFacts, { by, why }: Pick<Pause, 'by' | 'why'>) {
  const last = rounds.at(-1)?.why ?? 'no round';
  return [checkThat('the reason names the pause', `${by}: ${why}`, last, last.includes(`${by}: ${why}`))];
}
