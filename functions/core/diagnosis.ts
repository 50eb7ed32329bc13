import { NO_CONTEXT, readFacts, type Context, type Facts } from './cause-facts.ts';
import { findCause, tierOrderFor, tiersLedBy } from './cause.ts';
import type { CauseFinding } from './incident.ts';
import { readLockQueues, type LockQueues } from './locks.ts';
import { planTiers, type History, type Plan } from './plan.ts';
import type { Mode, Policy } from './policy.ts';
import type { TierName } from './tiers/names.ts';
import { isRefusedAsFull, usagePercent, type Snapshot } from './snapshot.ts';

export interface Diagnosis {
  readonly usage: number;
  /** Usage is at the trigger, or an ordinary client is refused because the server is full. */
  readonly pressing: boolean;
  readonly locks: LockQueues;
  readonly cause: CauseFinding;
  /** What the cause was told by. */
  readonly facts: Facts;
  readonly plan: Plan;
}

/**
 * Reads a snapshot: how bad, why, and what every tier would do about it. Pure; the same input gives the same diagnosis. A
 * tier that was chosen already leads, whatever the cause looks like by now: its act must not be left what others would take.
 */
export function diagnose(
  snapshot: Snapshot,
  settings: { policy: Policy; mode: Mode },
  history: History,
  context: Context = NO_CONTEXT,
  leading: TierName | null = null,
): Diagnosis {
  const usage = usagePercent(snapshot);
  const pressing = usage >= settings.policy.triggerPercent || isRefusedAsFull(snapshot.canary);
  const locks = readLockQueues(snapshot.sessions);
  const facts = readFacts(snapshot, settings.policy, locks, context);
  const cause = findCause(facts, settings.policy, snapshot.canary);
  const plan = planTiers({
    snapshot,
    policy: settings.policy,
    mode: settings.mode,
    locks,
    order: leading === null ? tierOrderFor(cause.name) : tiersLedBy(leading),
    history,
    pressing,
  });
  return { usage, pressing, locks, cause, facts, plan };
}
