import type { SparedReason } from '../../policy/spared.ts';
import type { Session } from '../../server/session.ts';
import type { EngineName } from '../../server/snapshot.ts';
import { count } from '../../words/count.ts';
import { inWords } from '../../words/in-words.ts';
import { byDescending, expecting, type Candidate, type Spared, type Tier, type TierInput } from './tier.ts';

/**
 * Ends the root blockers, those that free the most waiters first; never a waiter. On PostgreSQL it cancels the query of
 * a root that runs one: that already rolls the transaction back and releases its locks. On MySQL and MariaDB a
 * cancelled statement leaves its transaction open with its locks, so the root is terminated there. A root that is idle
 * in its transaction is terminated everywhere. So is one that reads while it holds tables by LOCK TABLES, which needs no
 * transaction; one that writes is spared, as tables without transactions would keep half of it.
 */
export const breakLocks: Tier = {
  name: 'break-locks',
  state: 'BreakLocks',
  does: 'ends the first in a queue for a lock',
  consequence: 'one transaction rolls back, many proceed',
  losesWork: true,
  freesOwnSlot: false,
  asksFirst: false,
  setsLimit: false,
  budget: 'incident',
  propose: (input) => {
    const spared: Spared[] = [];
    const candidates: Candidate[] = [];
    for (const session of input.sessions) {
      const waiters = input.locks.behind.get(session.identity.id) ?? [];
      if (input.locks.shared.has(session.identity.id) && waiters.length === 0) {
        spared.push({ session, reason: 'one-of-several-blockers' });
      } else if (waiters.length > 0) {
        const reason = spareReason(session, waiters, input);
        if (reason) spared.push({ session, reason });
        else candidates.push(toCandidate(session, waiters, input.engine));
      }
    }
    candidates.sort(
      byDescending(
        [({ frees }) => frees, ({ session }) => blockingMs(session) ?? 0],
        ({ session }) => session.identity.id,
      ),
    );
    return { candidates, spared };
  },
};

function spareReason(
  session: Session,
  waiters: readonly Session[],
  { policy: { ages } }: TierInput,
): SparedReason | null {
  // In no transaction: what it blocks others with lasts until it gives it back.
  if (session.state === 'idle') return 'holds-table-lock';
  const heldMs = blockingMs(session);
  if (heldMs === null) return 'age-unknown';
  if (heldMs < ages.blockerTransactionSeconds * 1000) return 'blocker-too-young';
  const patient = waiters.filter((waiter) => (waiter.lockWaitMs ?? 0) >= ages.blockerWaitSeconds * 1000);
  if (patient.length < ages.blockerMinWaiters) return 'few-waiters';
  return null;
}

/** For how long it has held its locks, at least; null where nothing tells. */
function blockingMs(session: Session): number | null {
  if (session.transactionMark !== null) return session.transactionMs;
  return readsOutside(session) ? session.queryMs : null;
}

/** Reads outside of any transaction (MySQL, MariaDB). */
function readsOutside({ state, transactionMs, queryMark, statement }: Session): boolean {
  return state === 'active' && transactionMs === null && queryMark !== null && statement?.verb === 'SELECT';
}

function toCandidate(session: Session, waiters: readonly Session[], engine: EngineName): Candidate {
  const shared = { transactionMark: session.transactionMark, blocksOthers: true };
  const isActive = session.state === 'active';
  const isAborted = session.state === 'idle-in-transaction-aborted';
  return {
    session,
    method: isActive && engine === 'postgres' ? 'cancel' : 'terminate',
    expect: isActive
      ? expecting('active', { ...shared, queryMark: session.queryMark })
      : expecting(isAborted ? 'idle-in-transaction-aborted' : 'idle-in-transaction', shared),
    reason:
      `blocks ${count(waiters.length, 'session')}; ` +
      (session.transactionMark === null
        ? `its query has run for ${inWords(session.queryMs)}`
        : `its transaction is ${inWords(session.transactionMs)} old`),
    frees: 1 + waiters.length,
  };
}
