import type { CauseName } from '../policy/cause-names.ts';
import type { Mode, Policy } from '../policy/policy.ts';
import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import type { LockQueues } from '../server/locks.ts';
import type { Ended, Returns } from '../server/returns.ts';
import type { Snapshot } from '../server/snapshot.ts';
import type { Departures } from '../usual/departure.ts';
import type { Usual } from '../usual/usual.ts';
import { countBy } from '../words/count-by.ts';
import type { Choice } from './choice.ts';
import type { Harm } from './harm.ts';
import type { Soon } from './tiers/soon.ts';
import type { ActiveLimit, Candidate, LimitPlan, LimitRefusal, Spared } from './tiers/tier.ts';

/** What earlier acts on the target mean for this plan. */
export interface History {
  /** Sessions that count against a budget: of this incident, of limited users, of the last hour over all incidents. */
  readonly countedIncident: number;
  readonly countedLimited: number;
  readonly countedHour: number;
  /** Keys of sessions that were signalled and were still there: they roll back and must not be ended again. */
  readonly signalled: ReadonlySet<string>;
  /** What this incident has ended of each consumer, by its name. */
  readonly ended: ReadonlyMap<string, Ended>;
  /** Queries of each consumer that this incident has cancelled, by its name. */
  readonly cancelled: ReadonlyMap<string, number>;
  /** What was refused of its acts; see `isRefusedLately`. */
  readonly refused: Refused;
  /** Tiers that a person has denied in this incident. */
  readonly denied: ReadonlySet<TierName>;
  /** The limit that a person has agreed to and that no act has set yet; null for none. */
  readonly agreedLimit: ActiveLimit | null;
  /**
   * The cause that the previous round found; null without one. A round knows more of the past than the act after it.
   */
  readonly lastCause: CauseName | null;
  /** Temporary limits of the target that are on record. */
  readonly limits: readonly ActiveLimit[];
  /** When it last ended a root blocker, epoch milliseconds; null when it has not. */
  readonly brokeLocksAt: number | null;
  /** When its first round was, epoch milliseconds; null before it. */
  readonly since: number | null;
  /** The first round after the last one that watched relief; null when there is none yet. */
  readonly pressingSince: number | null;
  /** What was usual before this incident; null until its first round has found it. */
  readonly usual: Usual | null;
  /** The master user as RDS names it; null until a round has asked. */
  readonly masterUser: string | null;
}

/** When what was refused, epoch milliseconds. */
export interface Refused {
  /** Tiers whose act was refused as a whole. */
  readonly tiers: ReadonlyMap<TierName, number>;
  /** Sessions, by their keys. */
  readonly sessions: ReadonlyMap<string, number>;
}

/** So long after a refusal an administrator may have granted what was missing. */
const TRY_AGAIN_MS = 600_000;

/** What was refused as a whole is refused again, until somebody has changed something: it is not tried again at once. */
export function isRefusedLately(at: number | undefined, now: number): boolean {
  return at !== undefined && now - at < TRY_AGAIN_MS;
}

export const NO_HISTORY: History = {
  countedIncident: 0,
  countedLimited: 0,
  countedHour: 0,
  signalled: new Set(),
  ended: new Map(),
  cancelled: new Map(),
  refused: { tiers: new Map(), sessions: new Map() },
  denied: new Set(),
  agreedLimit: null,
  lastCause: null,
  limits: [],
  brokeLocksAt: null,
  since: null,
  pressingSince: null,
  usual: null,
  masterUser: null,
};

/** A session that a tier would end. */
export interface Victim extends Candidate {
  readonly harm: Harm;
  /** Why only a person may throw its work away (a tier in mode approve asks); null for every other session. */
  readonly needsPerson: SparedReason | null;
}

export interface TierPlan {
  readonly tier: TierName;
  readonly mode: Mode;
  /** The limit that it would set before it ends any session; null for none. */
  readonly limit: LimitPlan | null;
  /** Why it must not set a limit that would help; null when it may, or when none would help. */
  readonly refusal: LimitRefusal | null;
  /** In the order in which they would end. */
  readonly victims: readonly Victim[];
  readonly spared: readonly Spared[];
}

/** Whether a tier would do anything. */
export function isPlanned({ limit, victims }: Pick<TierPlan, 'limit' | 'victims'>): boolean {
  return limit !== null || victims.length > 0;
}

/** What every tier would do, in the order in which they act. Each tier's plan assumes that the others do their part. */
export interface Plan {
  /** Slots that must come free to reach the relief level. */
  readonly need: number;
  readonly tiers: readonly TierPlan[];
  readonly choice: Choice;
  /** What time alone will make possible; null when nothing more is needed or no suspect is merely too young. */
  readonly soon: Soon | null;
  /** Every session that no tier ends, with the reason that says most. */
  readonly spared: readonly Spared[];
}

export interface PlanInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly mode: Mode;
  readonly locks: LockQueues;
  readonly departures: Departures;
  readonly order: readonly TierName[];
  readonly history: History;
  readonly returns: Returns;
  /** Usage is at the trigger, or ordinary clients are refused: tiers that lose work may act. */
  readonly pressing: boolean;
  /** As in TierInput. */
  readonly stormWithinMs: number | null;
}

/** How many sessions each reason spares. */
export function countSpared(spared: readonly Spared[]): Record<string, number> {
  return Object.fromEntries(countBy(spared, ({ reason }) => reason));
}
