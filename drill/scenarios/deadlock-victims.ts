import { checkEqual, checkThat } from '../scenario/checks.ts';
import { HEALTHY_POOL, type Scenario } from '../scenario/scenario.ts';
import { lockPileup } from './lock-pileup.ts';

/** SQLSTATE on PostgreSQL, error number elsewhere. */
const DEADLOCK_CODES = ['40P01', '1213'];

/** The server has broken the deadlock; its survivor waits for a partner that is gone. */
export const deadlockVictims: Scenario = {
  ...lockPileup,
  name: 'deadlock-victims',
  summary: 'two payments deadlock: one is the victim, the other never commits, and all others wait behind it',
  loads: [
    HEALTHY_POOL,
    {
      name: 'the two payments',
      behaviour: 'deadlock',
      user: 'payments',
      application: 'payment-worker',
      label: 'guilty',
      sessions: 2,
    },
    ...lockPileup.loads.filter(({ behaviour }) => behaviour === 'lock-waiters'),
  ],
  expect: {
    ...lockPileup.expect,
    also: ({ ended, loads }) => {
      const codes = loads.flatMap(({ errors }) => Object.keys(errors));
      const victims = codes.filter((code) => DEADLOCK_CODES.includes(code));
      return [
        checkEqual('sessions ended', 1, ended.length),
        checkThat(
          'a deadlock was broken',
          DEADLOCK_CODES.join(' or '),
          codes.join(', ') || 'no error',
          victims.length > 0,
        ),
      ];
    },
  },
};
