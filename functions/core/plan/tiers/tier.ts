import type { Policy } from '../../policy/policy.ts';
import type { SparedReason } from '../../policy/spared.ts';
import type { TierName } from '../../policy/tier-names.ts';
import type { EndMethod, Expectation } from '../../protocol/worker.ts';
import type { LockQueues } from '../../server/locks.ts';
import type { Session } from '../../server/session.ts';
import type { EngineName, UserLimits } from '../../server/snapshot.ts';
import type { Suspicion } from '../../usual/departure.ts';
import type { Usual } from '../../usual/usual.ts';

/** A session that a tier would end, with what must still be true then. */
export interface Candidate {
  readonly session: Session;
  readonly method: EndMethod;
  readonly expect: Expectation;
  /** Why this one, with numbers, for the record. */
  readonly reason: string;
  /** Slots that this can free: its own, and those of the waiters that it blocks. */
  readonly frees: number;
}

export interface Spared {
  readonly session: Session;
  readonly reason: SparedReason;
}

/**
 * A limit on the connections of one user, until the incident closes, or until the end that a person names. It is set
 * before any session is ended.
 */
export interface LimitPlan {
  readonly user: string;
  /** As an administrator's statement names it. */
  readonly account: string;
  readonly limit: number;
  /** The user's limit now; null when it has none. */
  readonly before: number | null;
  /** How many sessions the user has now. */
  readonly sessions: number;
  /** Why this user and this limit, with numbers. */
  readonly reason: string;
  /** Every consumer that logs in as this user and is affected by the limit, largest first. */
  readonly concerns: readonly { readonly consumer: string; readonly sessions: number }[];
}

/** A limit of Headroom's own: one that is on record, or one that a person has agreed to. */
export interface ActiveLimit {
  readonly user: string;
  readonly limit: number;
  /** When it ends, epoch milliseconds, for one that a person has set; absent for one of an incident. */
  readonly until?: number;
}

/** Whether a person has set a limit for a time; the others are of an incident, which lifts them when it closes. */
export function isPersons({ until }: Pick<ActiveLimit, 'until'>): boolean {
  return until !== undefined;
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
  /** Sessions of this tier's kind that it spares. */
  readonly spared: readonly Spared[];
  readonly limit?: LimitPlan;
  readonly refusal?: LimitRefusal;
  /** Slots to free beyond the relief level while that is not reached; 0 when absent. */
  readonly margin?: number;
}

export interface TierInput {
  /** Sessions that nothing protects. */
  readonly sessions: readonly Session[];
  /** Every session of the snapshot, of any kind. */
  readonly allSessions: readonly Session[];
  /** Every client session, for the sizes of pools and consumers. */
  readonly clients: readonly Session[];
  readonly locks: LockQueues;
  readonly policy: Policy;
  readonly suspects: ReadonlyMap<Session, Suspicion>;
  /** What is usual of each consumer. */
  readonly usual: Usual;
  readonly engine: EngineName;
  readonly usable: number;
  /** Slots that must still come free when it is this tier's turn. */
  readonly need: number;
  /** Usage is at the trigger, or ordinary clients are refused. */
  readonly pressing: boolean;
  /**
   * Sessions younger than this belong to a storm: a storm is the cause, or new sessions have refilled the freed slots.
   * Null: there is no sign of a storm.
   */
  readonly stormWithinMs: number | null;
  readonly userLimits: UserLimits;
  /** Headroom's own limits on record. `userLimits` shows whether one is active. */
  readonly limitsOnRecord: readonly ActiveLimit[];
  /** As in History. */
  readonly agreedLimit: ActiveLimit | null;
}

/** Which victims are counted together: those of an incident; those of limited users have a budget of their own. */
export type Budget = 'incident' | 'limited';

/** A class of action with a stated consequence for the client. A new tier is one such object, one row in `index.ts`. */
export interface Tier {
  readonly name: TierName;
  /** Its state in the workflow. */
  readonly state: string;
  /** What it does, to follow its name. */
  readonly does: string;
  readonly consequence: string;
  /** It acts only while usage is at the trigger or ordinary clients are refused. */
  readonly losesWork: boolean;
  /** Each victim frees its own slot at once, so slots that do not come free were taken again. */
  readonly freesOwnSlot: boolean;
  /** It keeps clients out, so it asks first even on a target in mode act, unless the policy names another mode. */
  readonly asksFirst: boolean;
  /**
   * It limits a user. No other tier does, so it is planned alone and not weighed against others. Where a limit helps,
   * nothing else helps before it. While a limit is on record, this tier leads.
   */
  readonly setsLimit: boolean;
  /** The budget of its victims. What was ended without gain before a limit must not keep the limit from helping. */
  readonly budget: Budget;
  readonly propose: (input: TierInput) => TierProposal;
}

/** Checks the state, that the session holds nothing, and what `asked` adds. */
export function expecting(state: Expectation['state'], asked: Partial<Expectation>): Expectation {
  return {
    state,
    minStateMs: 0,
    transactionMark: null,
    queryMark: null,
    blocksOthers: false,
    holdsNothing: true,
    ...asked,
  };
}

/** Sorts descending by each key in turn, then by id, so that the order of the snapshot never matters. */
export function byDescending<T>(keys: readonly ((item: T) => number)[], idOf: (item: T) => number) {
  return (a: T, b: T): number => {
    for (const key of keys) {
      const difference = key(b) - key(a);
      if (difference !== 0) return difference;
    }
    return idOf(a) - idOf(b);
  };
}
