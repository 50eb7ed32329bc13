import pg from 'pg';
import type { Trial } from '../../../core/protocol/check-facts.ts';
import { denied, judgeUntried, worked } from '../../shared/checking.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import type { LimitsRow } from '../look/sample.ts';
import { signalGrants } from '../look/signal-grants.ts';
import { STATE_OF, TRY_CANCEL, TRY_TERMINATE, type OwnBackend } from './check.sql.ts';

/** Rights are tried where that harms no client: on a session of the canary, the decoy; null when there is none. */
export async function trySeeing(
  connection: ServerConnection,
  { sees_sessions, quoted_user }: LimitsRow,
  decoy: OwnBackend | null,
  timeoutMs: number,
): Promise<Trial> {
  const right = 'see-sessions';
  const fix = [`GRANT pg_monitor TO ${quoted_user}`];
  if (decoy === null) return judgeUntried(right, 'pg_monitor', sees_sessions, fix);
  const [seen] = await connection.query(STATE_OF, [decoy.pid], timeoutMs);
  return seen?.state == null
    ? denied(right, 'the state of the canary’s session is hidden', fix)
    : worked(right, 'it saw what the canary’s session does');
}

/** Both ways that an act uses. It costs the decoy its session, so it is the last thing that is tried on it. */
export async function trySignalling(
  connection: ServerConnection,
  limits: LimitsRow,
  decoy: OwnBackend | null,
  left: () => number,
): Promise<Trial> {
  const right = 'end-sessions';
  const lacking = signalGrants(limits);
  const fix = lacking.length > 0 ? lacking : [`GRANT pg_signal_backend TO ${limits.quoted_user}`];
  const untried = judgeUntried(right, 'pg_signal_backend', lacking.length === 0, fix);
  if (decoy === null) return untried;
  try {
    for (const statement of [TRY_CANCEL, TRY_TERMINATE]) {
      const [tried] = await connection.query(statement, [decoy.pid, decoy.user], left());
      if (tried?.signalled !== true) return untried;
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    return denied(right, error.message, fix);
  }
  return worked(right, 'it ended the canary’s session');
}
