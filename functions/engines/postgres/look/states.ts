import type { Expectation } from '../../../core/protocol/worker.ts';
import type { SessionState } from '../../../core/server/session.ts';

/** What pg_stat_activity calls the states a session can be ended in. */
export const SQL_STATE = {
  active: 'active',
  idle: 'idle',
  'idle-in-transaction': 'idle in transaction',
  'idle-in-transaction-aborted': 'idle in transaction (aborted)',
} as const satisfies Record<Expectation['state'], string>;

/**
 * NULL and `disabled` (track_activities off) say nothing; `starting` (18) is a connection that has not logged in yet.
 */
export function stateOf(sqlState: string | null): SessionState {
  switch (sqlState) {
    case 'active':
    case 'idle':
    case 'starting':
      return sqlState;
    case 'idle in transaction':
      return 'idle-in-transaction';
    case 'idle in transaction (aborted)':
      return 'idle-in-transaction-aborted';
    case null:
    case 'disabled':
      return 'unseen';
    default:
      return 'other';
  }
}
