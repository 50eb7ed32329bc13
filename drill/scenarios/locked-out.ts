import { ENGINE_NAMES, type EngineName } from '../../functions/core/server/snapshot.ts';
import type { LoadInput } from '../loads/load-spec.ts';
import { checkThat } from '../scenario/checks.ts';
import { COMPRESSED, type Scenario } from '../scenario/scenario.ts';

const LEAK = {
  name: 'the leaking application',
  behaviour: 'leaking-app',
  user: 'invoices',
  application: 'invoice-export',
  label: 'guilty',
  sessions: 'until-refused',
} as const satisfies LoadInput;

/** They hold the reserved slots, and the superuser's own. */
const ADMINISTRATORS = [
  {
    name: 'the dashboards',
    behaviour: 'quiet-sessions',
    user: 'dashboards',
    login: 'reserved',
    application: 'dashboards',
    label: 'innocent',
    sessions: 'until-refused',
  },
  {
    name: 'the administrators',
    behaviour: 'quiet-sessions',
    user: 'administrator',
    login: 'superuser',
    application: 'psql',
    label: 'innocent',
    sessions: 'until-refused',
  },
] as const satisfies readonly LoadInput[];

/** What a person must grant, so that it does not happen again. */
const WAY_IN = {
  postgres: 'pg_use_reserved_connections',
  mysql: 'CONNECTION_ADMIN',
  mariadb: 'CONNECTION ADMIN',
} as const satisfies Record<EngineName, string>;

/** By then even a busy machine has tried once, and has patience left. */
const LEAVE_AFTER_MS = 7_000;

/** Not even an administrator gets in any more, until some close their sessions. */
export const lockedOut: Scenario = {
  name: 'locked-out',
  summary: 'every slot is taken, the reserved ones too, and a few come free while Headroom keeps trying to get in',
  engines: ENGINE_NAMES,
  server: { maxConnections: 40, superuserReserved: 2, reserved: 2 },
  mode: 'act',
  policy: COMPRESSED,
  loads: [LEAK, ...ADMINISTRATORS.map((load) => ({ ...load, leaveAfterAlarmMs: LEAVE_AFTER_MS }))],
  refused: 'everybody',
  isWarm: false,
  ripenMs: 3_200,
  expect: {
    outcome: 'relieved',
    cause: 'connection-leak',
    tiers: ['kill-idle'],
    also: ({ incident: { admission } }) => [
      checkThat(
        'got in',
        'by trying again',
        admission ? `${admission.way}, ${admission.attempts} attempts in ${admission.waitedMs} ms` : 'never',
        admission?.way === 'retry' && admission.attempts > 1,
      ),
    ],
  },
};

/** No session is closed, but the worker's was there before. */
export const lockedOutWarm: Scenario = {
  ...lockedOut,
  name: 'locked-out-warm',
  summary: 'every slot is taken and none comes free, but the worker already holds a session, which sampling keeps open',
  loads: [LEAK, ...ADMINISTRATORS],
  isWarm: true,
  expect: {
    ...lockedOut.expect,
    also: ({ incident: { admission } }) => [
      checkThat('got in', 'by its warm session', admission?.way ?? 'never', admission?.way === 'warm'),
    ],
  },
};

/** No session is closed, and Headroom was not there before. */
export const lockedOutForGood: Scenario = {
  ...lockedOut,
  name: 'locked-out-for-good',
  summary: 'every slot is taken and none comes free: a person must learn what to grant',
  policy: { ...COMPRESSED, loop: { ...COMPRESSED.loop, patienceSeconds: 5 } },
  loads: [LEAK, ...ADMINISTRATORS],
  expect: {
    outcome: 'escalated',
    cause: null,
    tiers: [],
    also: ({ incident: { escalation, target } }) => {
      const advice = escalation?.advice.join(' ') ?? '';
      return [
        checkThat(
          'the advice names what to grant',
          WAY_IN[target.engine],
          advice === '' ? 'none' : advice,
          advice.includes(WAY_IN[target.engine]),
        ),
      ];
    },
  },
};
