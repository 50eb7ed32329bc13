import { NO_CONTEXT, type Context } from '../core/cause/facts.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { Surroundings } from '../core/ports/outside.ts';
import type { Snapshot } from '../core/server/snapshot.ts';
import { inTimeOr } from '../incident/in-time.ts';
import { EVIDENCE_MS, readBefore, type BeforeDependencies } from '../incident/read-before.ts';

export interface ContextDependencies extends BeforeDependencies {
  readonly surroundings: Surroundings;
}

/**
 * The master user as RDS names it, where the policy does not and the responder cannot see who is an administrator: some
 * sessions may then be people's way in. Null when nobody can tell.
 */
export async function readMasterUser(
  { instance, isRds, policy }: TargetSettings,
  { sessions }: Snapshot,
  { surroundings }: ContextDependencies,
): Promise<string | null> {
  const isOpen =
    policy.protect.masterUser === undefined && sessions.some(({ administrator }) => administrator === null);
  return isRds && isOpen ? inTimeOr(null, surroundings.masterUser(instance)) : null;
}

/** What is known beside the snapshot. What cannot be had in time is left out: it would only make the cause surer. */
export async function readContext(target: TargetSettings, deps: ContextDependencies): Promise<Context> {
  const { surroundings, now } = deps;
  const since = now() - EVIDENCE_MS;
  const { instance, isRds } = target;
  const [before, changes, connections, freeMemoryBytes] = await Promise.all([
    readBefore(target.id, deps),
    isRds ? inTimeOr([], surroundings.changes(instance, since)) : [],
    isRds ? inTimeOr([], surroundings.connections(instance, since)) : [],
    isRds ? inTimeOr(null, surroundings.freeMemory(instance, since)) : null,
  ]);
  const poolSlots = target.pools.reduce((sum, { instances, size }) => sum + instances * size, 0);
  return {
    ...NO_CONTEXT,
    ...before,
    changes,
    connections,
    freeMemoryBytes,
    poolSlots: target.pools.length === 0 ? null : poolSlots,
  };
}
