import { ENGINE_NAMES } from '../../functions/core/server/snapshot.ts';
import { checkThat } from '../scenario/checks.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { connectionLeak } from './connection-leak.ts';

const EXPECT: Scenario['expect'] = {
  ...connectionLeak.expect,
  also: ({ incident: { admission } }) => [
    checkThat(
      'got in',
      'by its reserve or its warm session, within 3 s',
      admission === null ? 'never' : `${admission.way}, reserved ${admission.reserved}, in ${admission.waitedMs} ms`,
      admission !== null && (admission.reserved || admission.way === 'warm') && admission.waitedMs < 3_000,
    ),
  ],
};
/**
 * These servers do not report when a session connected, and there are no samples: a leak may look like pools that are
 * too large.
 */
const UNWATCHED = { expect: { ...EXPECT, cause: ['connection-leak', 'pool-oversubscription'] } } as const;

/**
 * The server is full for ordinary clients only: a reserve is used where there is one, else the session from before.
 */
export const ordinarySlotsTaken: Scenario = {
  ...connectionLeak,
  name: 'ordinary-slots-taken',
  summary: 'ordinary clients are refused and the reserve is free: Headroom gets in at once',
  engines: ENGINE_NAMES,
  isWarm: false,
  server: { maxConnections: 40, superuserReserved: 2, reserved: 2 },
  expect: EXPECT,
  on: { mysql: UNWATCHED, mariadb: UNWATCHED },
};
