import pg from 'pg';
import type { Trial } from '../../../core/protocol/check-facts.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import type { LimitsRow } from '../look/sample.ts';
import { STATE_OF, TRY_CANCEL } from './check.sql.ts';

/** Rights, tried where that harms nobody: on a session of the canary. `pid`: its backend; null when there is none. */

export async function trySeeing(
  connection: ServerConnection,
  { sees_sessions, quoted_user }: LimitsRow,
  pid: number | null,
  timeoutMs: number,
): Promise<Trial> {
  const right = 'see-sessions';
  if (pid === null) return fromCatalogue(right, 'pg_monitor', sees_sessions, quoted_user);
  const [seen] = await connection.query(STATE_OF, [pid], timeoutMs);
  return seen?.state == null
    ? {
        right,
        result: 'denied',
        detail: 'the state of the canary’s session is hidden',
        fix: [grant('pg_monitor', quoted_user)],
      }
    : { right, result: 'worked', detail: 'it saw what the canary’s session is at', fix: [] };
}

export async function trySignalling(
  connection: ServerConnection,
  { may_signal, quoted_user }: LimitsRow,
  pid: number | null,
  canaryUser: string,
  timeoutMs: number,
): Promise<Trial> {
  const right = 'end-sessions';
  if (pid === null) return fromCatalogue(right, 'pg_signal_backend', may_signal, quoted_user);
  try {
    const [tried] = await connection.query(TRY_CANCEL, [pid, canaryUser], timeoutMs);
    if (tried?.signalled !== true) return fromCatalogue(right, 'pg_signal_backend', may_signal, quoted_user);
    return { right, result: 'worked', detail: 'it signalled the canary’s session', fix: [] };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    return { right, result: 'denied', detail: error.message, fix: [grant('pg_signal_backend', quoted_user)] };
  }
}

/** Without a session to try it on, the server is asked what it would say. */
function fromCatalogue(right: Trial['right'], role: string, has: boolean, quotedUser: string): Trial {
  return has
    ? {
        right,
        result: 'granted',
        detail: `it has ${role}; not tried, for want of a session to try it on`,
        fix: [],
      }
    : { right, result: 'denied', detail: `it lacks ${role}`, fix: [grant(role, quotedUser)] };
}

function grant(role: string, quotedUser: string): string {
  return `GRANT ${role} TO ${quotedUser}`;
}
