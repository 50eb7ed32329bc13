import type { Policy } from '../../policy/policy.ts';
import type { SparedReason } from '../../policy/spared.ts';
import type { TierName } from '../../policy/tier-names.ts';
import type { EndMethod, Expectation } from '../../protocol/worker.ts';
import type { LockQueues } from '../../server/locks.ts';
import type { Session } from '../../server/session.ts';
import type { EngineName, UserLimits } from '../../server/snapshot.ts';

/** A session a tier would end, with what must still hold when it does. */
export interface Candidate {
  readonly session: Session;
  readonly method: EndMethod;
  readonly expect: Expectation;
  /** Why this one, with numbers, for the record. */
  readonly reason: string;
  /** Slots this can give back: its own, and those of the waiters it holds up. */
  readonly frees: number;
}

export interface Spared {
  readonly session: Session;
  readonly reason: SparedReason;
}

/** A limit on the connections of one user, for as long as the incident lasts. It stands before any session is ended. */
export interface LimitPlan {
  readonly user: string;
  /** As an administrator's statement names it. */
  readonly account: string;
  readonly limit: number;
  /** What it may have now; null when there is no limit. */
  readonly before: number | null;
  /** What it has now. */
  readonly sessions: number;
  /** Why this user and this limit, with numbers. */
  readonly reason: string;
  /** Every consumer that logs in as this user, largest first: whom the limit concerns. */
  readonly concerns: readonly { readonly consumer: string; readonly sessions: number }[];
}

/** A limit of Headroom's own that is on record. */
export interface ActiveLimit {
  readonly user: string;
  readonly limit: number;
}

/** A limit that would help and must not, or cannot, be set. */
export interface LimitRefusal {
  readonly why: string;
  /** What a person can do about it. */
  readonly fix: readonly string[];
}

export interface TierProposal {
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** Sessions this tier looked at and leaves alone. */
  readonly spared: readonly Spared[];
  readonly limit?: LimitPlan;
  readonly refusal?: LimitRefusal;
  /** Slots to free beyond the relief level, when it is not reached; 0 when absent. */
  readonly margin?: number;
}

export interface TierInput {
  /** Sessions that nothing protects. */
  readonly sessions: readonly Session[];
  /** Every session there is, of whatever kind. */
  readonly everybody: readonly Session[];
  /** Every client session, for sizes of pools and consumers. */
  readonly clients: readonly Session[];
  readonly locks: LockQueues;
  readonly policy: Policy;
  readonly engine: EngineName;
  readonly usable: number;
  /** Slots that must still come free, when it is this tier's turn. */
  readonly need: number;
  /** Usage is at the trigger, or ordinary clients are refused. */
  readonly pressing: boolean;
  /** Younger sessions make up a storm: the cause is one, or they have refilled what was ended. Null: nothing speaks of one. */
  readonly stormWithinMs: number | null;
  readonly userLimits: UserLimits;
  /** Limits of Headroom's own on record. Whether one stands, `userLimits` tells. */
  readonly limitsOnRecord: readonly ActiveLimit[];
}

/** Whose victims are counted together: those of an incident, and those of limited users, which have a budget of their own. */
export type Budget = 'incident' | 'limited';

/** A class of action with a stated consequence for the client. A new tier is one such object, one row in `index.ts`. */
export interface Tier {
  readonly name: TierName;
  /** Its state in the workflow. */
  readonly state: string;
  readonly consequence: string;
  /** Acts only while usage is at the trigger or ordinary clients are refused. */
  readonly losesWork: boolean;
  /** Each victim gives its own slot back at once, so slots that do not come free were taken again. */
  readonly freesOwnSlot: boolean;
  /** Asks a person first even where the target acts, unless the policy names another mode: it keeps clients out. */
  readonly asksFirst: boolean;
  /**
   * It limits a user. Nothing else does the same, so it is planned alone and not weighed against the others; where it is
   * what helps, everything else would be in vain before it; and while a limit is on record it leads.
   */
  readonly setsLimit: boolean;
  /** The budget that its victims count against. What was ended in vain before a limit must not keep the limit from helping. */
  readonly budget: Budget;
  readonly propose: (input: TierInput) => TierProposal;
}

/** Nothing asked beyond the state; tiers spread this and add what they need. */
export function expecting(state: Expectation['state'], asked: Partial<Expectation>): Expectation {
  return {
    state,
    minStateMs: 0,
    transactionMark: null,
    queryMark: null,
    blocksOthers: false,
    holdsNothing: false,
    ...asked,
  };
}

/** Descending by each key in turn, the id last, so that the order never depends on how the snapshot was sorted. */
export function byDescending<T>(keys: readonly ((item: T) => number)[], idOf: (item: T) => number) {
  return (a: T, b: T): number => {
    for (const key of keys) {
      const difference = key(b) - key(a);
      if (difference !== 0) return difference;
    }
    return idOf(a) - idOf(b);
  };
}
