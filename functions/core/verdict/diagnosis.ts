import { justConnectedMs, NO_CONTEXT, readFacts, type Context, type Facts } from '../cause/facts.ts';
import { findCause, tierOrderFor, tiersLedBy } from '../cause/find-cause.ts';
import type { CauseFinding } from '../cause/finding.ts';
import { slotsNeeded } from '../plan/budget.ts';
import { budgetSlots } from '../policy/bounds.ts';
import { planTiers } from '../plan/plan.ts';
import type { History, Plan } from '../plan/tier-plan.ts';
import { LIMITING_TIER } from '../plan/tiers/index.ts';
import { isPersons } from '../plan/tiers/tier.ts';
import type { CauseName } from '../policy/cause-names.ts';
import type { Mode, Policy } from '../policy/policy.ts';
import type { TierName } from '../policy/tier-names.ts';
import { readLockQueues, type LockQueues } from '../server/locks.ts';
import { SNAPSHOT_TO_ACT_MS, readReturns, type Returns } from '../server/returns.ts';
import { clientsOf, isRefusedAsFull, slotsTaken, usagePercent, type Snapshot } from '../server/snapshot.ts';
import { readDepartures, type Departures } from '../usual/departure.ts';
import { findUsual } from '../usual/find-usual.ts';

export interface Diagnosis {
  readonly usage: number;
  /** Usage is at the trigger, or an ordinary client is refused because the server is full. */
  readonly pressing: boolean;
  readonly locks: LockQueues;
  readonly cause: CauseFinding;
  /** What the cause was found from. */
  readonly facts: Facts;
  /** Who holds more than is usual. */
  readonly departures: Departures;
  readonly plan: Plan;
}

export interface DiagnosisOptions {
  /** What is known besides the snapshot. */
  readonly context?: Context;
  /** For an act: the cause that its tier was chosen for. It orders the tiers, whatever the new snapshot suggests. */
  readonly decidedOn?: CauseName | null;
}

/**
 * Reads a snapshot: how bad, why, and what every tier would do about it. Pure; the same input gives the same diagnosis.
 */
export function diagnoseSnapshot(
  snapshot: Snapshot,
  settings: { policy: Policy; mode: Mode },
  history: History,
  { context = NO_CONTEXT, decidedOn = null }: DiagnosisOptions = {},
): Diagnosis {
  const usage = usagePercent(snapshot);
  const isRefused = isRefusedAsFull(snapshot.canary);
  const pressing = usage >= settings.policy.triggerPercent || isRefused;
  const locks = readLockQueues(snapshot.sessions);
  const clients = clientsOf(snapshot);
  const used = slotsTaken(snapshot);
  const need = slotsNeeded(snapshot, settings.policy);
  const { triggerPercent } = settings.policy;
  // What is usual is what was so before the incident: its own rounds must not change it.
  const usual = history.usual ?? findUsual(context, { at: snapshot.at, used, need, triggerPercent, clients });
  const { ended, cancelled } = history;
  const since = { firstLook: usual.firstLook, now: snapshot.at, ended, cancelled };
  const departures = readDepartures(clients, usual, { locks, policy: settings.policy, isRefused, need, since });
  const atUsual = new Set(
    departures.consumers.flatMap(({ name, usual, excess }) => (usual !== null && excess === 0 ? [name] : [])),
  );
  const returns = readReturns(clients, snapshot.at, ended, {
    isAtUsual: (consumer) => atUsual.has(consumer),
    isKnown: ['profile', 'samples'].includes(usual.basis),
  });
  const overTrigger = used - (triggerPercent / 100) * snapshot.limits.usable;
  const scope = { locks, departures, tooMany: Math.min(need / 2, overTrigger) };
  const facts = readFacts(withoutOwnLimits(snapshot, history), settings.policy, scope, { ...context, returns });
  const cause = findCause(facts, settings.policy, snapshot.canary, history.lastCause);
  const order = orderFor(decidedOn ?? cause.name, history);
  const plan = planTiers({
    snapshot,
    policy: settings.policy,
    mode: settings.mode,
    locks,
    departures,
    order,
    history,
    returns,
    pressing,
    stormWithinMs: stormWithin({ cause, snapshot, policy: settings.policy, history, returns }),
  });
  return { usage, pressing, locks, cause, facts, departures, plan };
}

/**
 * While a limit of an incident is on record, the tier that sets limits leads: it leaves room for clients that the limit
 * refuses. So it does while a person's yes to a limit waits: one look that finds another cause is no reason to ask
 * something else. A limit that a person has set changes nothing here.
 */
function orderFor(cause: CauseName, { limits, agreedLimit }: History): readonly TierName[] {
  const isLimiting = !limits.every(isPersons) || agreedLimit !== null;
  return isLimiting ? tiersLedBy(LIMITING_TIER) : tierOrderFor(cause);
}

/** A user at a limit of our own does not count as a cause: the limit is what Headroom does about one. */
function withoutOwnLimits(snapshot: Snapshot, { limits }: History): Snapshot {
  if (limits.length === 0) return snapshot;
  const isOurs = ({ of, name, limit }: Snapshot['atLimit'][number]) =>
    of === 'user' && limits.some((ours) => ours.user === name && ours.limit === limit);
  return { ...snapshot, atLimit: snapshot.atLimit.filter((consumer) => !isOurs(consumer)) };
}

interface StormSigns {
  readonly cause: CauseFinding;
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly history: History;
  readonly returns: Returns;
}

/**
 * Sessions younger than this keep the server full, and only a limit would hold them back. Null when neither the cause
 * nor refilled slots are a sign of that, and the budgets are not used up by what goes on coming.
 */
function stormWithin({ cause, snapshot, policy, history, returns }: StormSigns): number | null {
  const { at, limits } = snapshot;
  const isSpent = history.countedIncident >= budgetSlots(policy.caps.perIncidentPercent, limits.usable);
  const ages = [
    ...([cause.name, history.lastCause].includes('connection-storm') ? [justConnectedMs(policy)] : []),
    ...(isSpent && history.since !== null ? [at - history.since] : []),
    ...(returns.vainSince === null ? [] : [at - returns.vainSince + SNAPSHOT_TO_ACT_MS]),
  ];
  return ages.length === 0 ? null : Math.max(...ages);
}
