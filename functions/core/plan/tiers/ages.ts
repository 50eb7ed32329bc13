import type { Policy } from '../../policy/policy.ts';
import type { Session } from '../../server/session.ts';
import type { Suspicion } from '../../usual/departure.ts';

/** How old something must be before a tier may end it, in milliseconds. */
export interface Ages {
  readonly idleMs: number;
  readonly inTransactionMs: number;
  readonly abortedMs: number;
  readonly queryMs: number;
}

/**
 * The ages of a session: shorter for one that was seen to be more than is usual, as that is what is wrong. Without
 * history less is sure. A root blocker is suspect for its waiters, and break-locks has ages of its own for those.
 */
export function agesOf(session: Session, policy: Policy, suspects: ReadonlyMap<Session, Suspicion>): Ages {
  const { ages } = policy;
  const ordinary = {
    idleMs: 1000 * ages.idleSeconds,
    inTransactionMs: 1000 * ages.idleInTransactionSeconds,
    abortedMs: 1000 * ages.abortedTransactionSeconds,
    queryMs: 1000 * ages.querySeconds,
  };
  const of = suspects.get(session)?.of;
  if (of !== 'excess' && of !== 'forgotten') return ordinary;
  const inTransactionMs = Math.min(ordinary.inTransactionMs, 1000 * ages.suspectIdleInTransactionSeconds);
  return {
    idleMs: Math.min(ordinary.idleMs, 1000 * ages.suspectIdleSeconds),
    inTransactionMs,
    abortedMs: Math.min(ordinary.abortedMs, inTransactionMs),
    queryMs: Math.min(ordinary.queryMs, 1000 * ages.suspectQuerySeconds),
  };
}
