import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { checkEqual, checkThat } from '../scenario/checks.ts';
import { COMPRESSED, HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';

/** A person opened a transaction manually, changed a row that every order needs, and went to lunch. */
export const lockPileup: Scenario = {
  name: 'lock-pileup',
  summary: 'one forgotten transaction holds a lock, and all others wait behind it',
  engines: ENGINE_NAMES,
  server: { maxConnections: 60, superuserReserved: 3, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [
    HEALTHY_POOL,
    {
      name: 'the forgotten transaction',
      behaviour: 'lock-holder',
      user: 'support',
      application: 'psql',
      label: 'guilty',
      sessions: 1,
    },
    {
      name: 'the customers who wait',
      behaviour: 'lock-waiters',
      user: 'orders',
      application: 'order-api',
      label: 'innocent',
      sessions: 'until-refused',
    },
  ],
  refused: 'ordinary',
  ripenMs: 3_200,
  expect: {
    outcome: 'relieved',
    cause: 'lock-contention',
    tiers: ['break-locks'],
    also: ({ ended }) => [checkEqual('sessions ended', 1, ended.length)],
  },
};

/** The same, met so early that nobody may be ended yet: people are paged, and Headroom goes on. */
export const pageFirst: Scenario = {
  ...lockPileup,
  name: 'page-first',
  summary: 'the same lock, too young to be broken when people are paged: it is broken once it is old enough',
  policy: {
    ...COMPRESSED,
    ages: { ...COMPRESSED.ages, blockerTransactionSeconds: 35, idleInTransactionSeconds: 120 },
    loop: { ...COMPRESSED.loop, maxMinutes: 0.1, stayMinutes: 5 },
  },
  expect: {
    ...lockPileup.expect,
    also: ({ ended, incident: { firstActionAt, escalation, notices } }) => {
      const pagedFirst = (escalation?.at ?? Infinity) < (firstActionAt ?? 0);
      return [
        checkEqual('sessions ended', 1, ended.length),
        checkThat('people were paged', 'before the act', pagedFirst ? 'before the act' : 'not before it', pagedFirst),
        checkEqual('notices', 'opened, escalated, resolved', notices.map(({ notice }) => notice).join(', ')),
      ];
    },
  },
};
