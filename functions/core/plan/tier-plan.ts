import type { CauseName } from '../policy/cause-names.ts';
import type { Mode, Policy } from '../policy/policy.ts';
import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import type { LockQueues } from '../server/locks.ts';
import type { Ended, Returns } from '../server/returns.ts';
import type { Snapshot } from '../server/snapshot.ts';
import { countBy } from '../words/count-by.ts';
import type { Choice } from './choice.ts';
import type { Harm } from './harm.ts';
import type { ActiveLimit, Candidate, LimitPlan, LimitRefusal, Spared } from './tiers/tier.ts';

/** What earlier acts on the target mean for this plan. */
export interface History {
  /** Sessions that count against the budget of this incident, those of users under a limit, and those of the last hour over all. */
  readonly countedIncident: number;
  readonly countedLimited: number;
  readonly countedHour: number;
  /** Keys of sessions that were signalled and still showed: rolling back, and not to be ended again. */
  readonly signalled: ReadonlySet<string>;
  /** What this incident has ended of each consumer, by its name. */
  readonly ended: ReadonlyMap<string, Ended>;
  /** Tiers whose last act gave next to no slots back: what they ended came back at once. */
  readonly futile: ReadonlySet<TierName>;
  /** Tiers to which a person has said no in this incident. */
  readonly denied: ReadonlySet<TierName>;
  /** When the first act of a futile tier began, by our own clock; null when none is futile. */
  readonly futileSince: number | null;
  /** What the look before found; null when there was none. An act knows less of what went before than the look that chose it. */
  readonly lastCause: CauseName | null;
  /** Temporary limits of the target that are on record. */
  readonly limits: readonly ActiveLimit[];
}

export const NO_HISTORY: History = {
  countedIncident: 0,
  countedLimited: 0,
  countedHour: 0,
  signalled: new Set(),
  ended: new Map(),
  futile: new Set(),
  denied: new Set(),
  futileSince: null,
  lastCause: null,
  limits: [],
};

/** A session that a tier would end. */
export interface Victim extends Candidate {
  readonly harm: Harm;
  /** Why only a person may throw its work away, which a tier in mode approve asks for; null for every other session. */
  readonly needsPerson: SparedReason | null;
}

export interface TierPlan {
  readonly tier: TierName;
  readonly mode: Mode;
  /** The limit it would set before it ends anybody; null for none. */
  readonly limit: LimitPlan | null;
  /** Why it must not set one that would help; null when there is nothing to say. */
  readonly refusal: LimitRefusal | null;
  /** In the order they would end. */
  readonly victims: readonly Victim[];
  readonly spared: readonly Spared[];
}

/** Whether there is anything a tier would do. */
export function isPlanned({ limit, victims }: Pick<TierPlan, 'limit' | 'victims'>): boolean {
  return limit !== null || victims.length > 0;
}

/** What every tier would do, in the order they would go. Each tier's plan assumes that the others do their part. */
export interface Plan {
  /** Slots that must come free to reach the relief level. */
  readonly need: number;
  readonly tiers: readonly TierPlan[];
  /** Why these and not those. */
  readonly choice: Choice;
  /** Every session no tier ends, with the one reason that says most. */
  readonly spared: readonly Spared[];
}

export interface PlanInput {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly mode: Mode;
  readonly locks: LockQueues;
  readonly order: readonly TierName[];
  /** The tier that deals with the cause; null when none does. */
  readonly leads: TierName | null;
  readonly history: History;
  readonly returns: Returns;
  /** Usage is at the trigger, or ordinary clients are refused: tiers that lose work may act. */
  readonly pressing: boolean;
  /** See TierInput. */
  readonly stormWithinMs: number | null;
}

/** How many sessions each reason spares. */
export function countSpared(spared: readonly Spared[]): Record<string, number> {
  return Object.fromEntries(countBy(spared, ({ reason }) => reason));
}
