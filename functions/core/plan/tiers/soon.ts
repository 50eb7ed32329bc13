import type { Policy } from '../../policy/policy.ts';
import type { SparedReason } from '../../policy/spared.ts';
import type { TierName } from '../../policy/tier-names.ts';
import { consumerOf } from '../../server/consumer.ts';
import { AT_ONCE_MS, type Returns } from '../../server/returns.ts';
import type { Session } from '../../server/session.ts';
import { shortWorkMs, type Departures } from '../../usual/departure.ts';
import { agesOf } from './ages.ts';
import { tierNamed } from './index.ts';
import type { Spared } from './tier.ts';

/** Sessions that may be ended later: once they are old enough, or once it is time to try again. */
export interface Soon {
  readonly tier: TierName;
  readonly sessions: number;
  /** In how many milliseconds all of them may be ended. */
  readonly inMs: number;
  /** How old they must be, or how long it is before the next try, milliseconds. */
  readonly ageMs: number;
}

interface Judged {
  readonly departures: Departures;
  readonly policy: Policy;
  readonly returns: Returns;
}

/** Which suspects only time keeps from being ended, and when those that are needed may be. */
export function readSoon(spared: readonly Spared[], need: number, judged: Judged): Soon | null {
  if (need <= 0) return null;
  const waits = spared.flatMap(({ session, reason }) => {
    const wait = judged.departures.suspects.has(session) ? waitOf(session, reason, judged) : null;
    return wait === null ? [] : [{ ...wait, inMs: Math.max(0, wait.inMs) }];
  });
  waits.sort((a, b) => a.inMs - b.inMs);
  const needed = waits.slice(0, need);
  const last = needed.at(-1);
  return last === undefined ? null : { ...last, sessions: needed.length };
}

type Wait = Omit<Soon, 'sessions'>;

/** What a session waits for that a tier spares for its age, or because others like it came back; null for other reasons. */
function waitOf(session: Session, reason: SparedReason, judged: Judged): Wait | null {
  const wait = waitForAge(session, reason, judged);
  const inVainForMs = judged.returns.inVainForMs(consumerOf(session));
  if (wait === null || !tierNamed(wait.tier).freesOwnSlot || wait.inMs >= inVainForMs) return wait;
  return inVainForMs === Infinity ? null : { ...wait, inMs: inVainForMs, ageMs: Math.max(AT_ONCE_MS, inVainForMs) };
}

function waitForAge(session: Session, reason: SparedReason, { departures, policy }: Judged): Wait | null {
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
    case 'refills-at-once':
      return wait(state === 'idle' ? 'kill-idle' : 'end-idle-transactions', 0, 0);
    default:
      return null;
  }
}
