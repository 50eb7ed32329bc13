import pg from 'pg';
import type { Trial } from '../../../core/protocol/check-facts.ts';
import { denied, judgeUntried, worked } from '../../shared/checking.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import type { LimitsRow } from '../look/sample.ts';
import { STATE_OF, TRY_CANCEL, type OwnBackend } from './check.sql.ts';

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

export async function trySignalling(
  connection: ServerConnection,
  { may_signal, quoted_user }: LimitsRow,
  decoy: OwnBackend | null,
  timeoutMs: number,
): Promise<Trial> {
  const right = 'end-sessions';
  const fix = [`GRANT pg_signal_backend TO ${quoted_user}`];
  const untried = judgeUntried(right, 'pg_signal_backend', may_signal, fix);
  if (decoy === null) return untried;
  try {
    const [tried] = await connection.query(TRY_CANCEL, [decoy.pid, decoy.user], timeoutMs);
    return tried?.signalled === true ? worked(right, 'it signalled the canary’s session') : untried;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
    return denied(right, error.message, fix);
  }
}
