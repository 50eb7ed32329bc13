import type { Policy } from '../../policy/policy.ts';
import type { SparedReason } from '../../policy/spared.ts';
import type { TierName } from '../../policy/tier-names.ts';
import type { Session } from '../../server/session.ts';
import { shortWorkMs, type Departures } from '../../usual/departure.ts';
import { agesOf } from './ages.ts';
import type { Spared } from './tier.ts';

/** Sessions that may be ended once they are old enough. */
export interface Soon {
  readonly tier: TierName;
  readonly sessions: number;
  /** In how many milliseconds all of them are old enough. */
  readonly inMs: number;
  /** How old that is. */
  readonly ageMs: number;
}

interface Judged {
  readonly departures: Departures;
  readonly policy: Policy;
}

/** Which suspects are merely too young, and when those that are needed are old enough. */
export function readSoon(spared: readonly Spared[], need: number, { departures, policy }: Judged): Soon | null {
  if (need <= 0) return null;
  const waits = spared.flatMap(({ session, reason }) => {
    const wait = departures.suspects.has(session) ? waitOf(session, reason, { departures, policy }) : null;
    return wait === null ? [] : [{ ...wait, inMs: Math.max(0, wait.inMs) }];
  });
  waits.sort((a, b) => a.inMs - b.inMs);
  const needed = waits.slice(0, need);
  const last = needed.at(-1);
  return last === undefined ? null : { ...last, sessions: needed.length };
}

type Wait = Omit<Soon, 'sessions'>;

/** What a session that a tier spares for its age waits for; null when it is spared for another reason. */
function waitOf(session: Session, reason: SparedReason, { departures, policy }: Judged): Wait | null {
  const ages = agesOf(session, policy, departures.suspects);
  const { state, stateMs, queryMs, transactionMs } = session;
  const wait = (tier: TierName, ageMs: number, nowMs: number | null) => ({ tier, ageMs, inMs: ageMs - (nowMs ?? 0) });
  switch (reason) {
    case 'not-idle-long-enough':
      return wait('kill-idle', ages.idleMs, stateMs);
    case 'query-too-young':
      // Short work is what finishes: only a query that has not yet done so may grow old enough.
      return (queryMs ?? 0) < shortWorkMs(policy) ? null : wait('cancel-long', ages.queryMs, queryMs);
    case 'transaction-too-young': {
      const ageMs = state === 'idle-in-transaction-aborted' ? ages.abortedMs : ages.inTransactionMs;
      return wait('end-idle-transactions', ageMs, stateMs);
    }
    case 'blocker-too-young':
      return wait('break-locks', 1000 * policy.ages.blockerTransactionSeconds, transactionMs);
    default:
      return null;
  }
}
