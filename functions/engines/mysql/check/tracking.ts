import type { Tracking } from '../../../core/protocol/check-facts.ts';
import type { Features } from '../connect/features.ts';
import { RELEASE_LOCK, TAKE_LOCK } from '../connect/server-lock.sql.ts';
import type { Responder } from '../look/sample.ts';
import { SHOWN_LOCKS, SHOWN_STATEMENTS } from './check.sql.ts';

/** The variable that switches all of it. */
export const TRACKING = 'performance_schema';

type Blind = Pick<Tracking, 'setting' | 'without' | 'fix'>;

/** Statements for an administrator; the server forgets them at a restart, unless its files have the settings too. */
const BLIND = {
  sessions: {
    setting: `${TRACKING}'s watch over sessions`,
    without: 'it has no room for them, so who blocks others is unknown, and which application a session belongs to',
    fix: [
      `set ${TRACKING}_max_thread_instances = -1 in the server's configuration file or parameter group`,
      'restart the server',
    ],
  },
  statements: {
    setting: `${TRACKING}'s tracking of statements`,
    without: 'ages are in whole seconds, and the last statement of an idle session is unknown',
    fix: [
      `UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' ` +
        `WHERE NAME IN ('global_instrumentation', 'thread_instrumentation', 'events_statements_current')`,
      `UPDATE performance_schema.setup_instruments SET ENABLED = 'YES', TIMED = 'YES' ` +
        `WHERE NAME LIKE 'statement/%'`,
    ],
  },
  locks: {
    setting: `${TRACKING}'s instrument wait/lock/metadata/sql/mdl`,
    without: 'who waits for whose table locks, and who holds a GET_LOCK, is unknown',
    fix: [
      `UPDATE performance_schema.setup_instruments SET ENABLED = 'YES', TIMED = 'YES' ` +
        `WHERE NAME = 'wait/lock/metadata/sql/mdl'`,
    ],
  },
} as const satisfies Record<string, Blind>;

/**
 * Whether the server keeps track of what sessions do. `isOn`: performance_schema is on, which does not mean that it
 * tracks: MariaDB leaves locks out by default, and statements may have been switched off. So it has to show our own.
 */
export async function findTracking(responder: Responder, isOn: boolean, left: () => number): Promise<Tracking> {
  const blind = isOn ? await findBlindSpot(responder, left) : switchedOff(responder.features);
  if (blind === null) return { setting: TRACKING, isOn: true, isNeeded: false, without: '', fix: [] };
  return { ...blind, isOn: false, isNeeded: false };
}

function switchedOff({ engine, isRds }: Features): Blind {
  return {
    setting: TRACKING,
    without:
      engine === 'mysql'
        ? 'who blocks others is unknown, so no locks are broken, and ages are in whole seconds'
        : 'who waits for whose table locks is unknown, and which application a session belongs to',
    fix: isRds
      ? [`set ${TRACKING} to 1 in the parameter group`, 'reboot the instance']
      : [`set ${TRACKING} = ON in the server's configuration file`, 'restart the server'],
  };
}

async function findBlindSpot({ connection, features, self }: Responder, left: () => number): Promise<Blind | null> {
  if (features.isUnwatched) return BLIND.sessions;
  if (features.hasTimers && self.thread !== null) {
    const [own] = await connection.query(SHOWN_STATEMENTS, [self.thread], left());
    if (own?.shown !== 1) return BLIND.statements;
  }
  if (!features.hasMetadataLocks) return null;
  const name = `headroom check ${self.id}`;
  await connection.query(TAKE_LOCK, [name], left());
  const [own] = await connection.query(SHOWN_LOCKS, [], left());
  await connection.query(RELEASE_LOCK, [name], left());
  return own?.shown === 0 ? BLIND.locks : null;
}
