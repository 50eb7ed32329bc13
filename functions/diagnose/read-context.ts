import { NO_CONTEXT, type Context } from '../core/cause/facts.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Surroundings } from '../core/ports/outside.ts';
import { PROFILE_MS } from '../core/usual/profile.ts';

export interface ContextDependencies {
  readonly store: Pick<IncidentStore, 'profiles' | 'samples'>;
  readonly surroundings: Surroundings;
  readonly now: () => number;
}

/** How far back the evidence of what led to an incident goes. */
const EVIDENCE_MS = 2 * 3_600_000;
/** Evidence is not worth more of an incident's time. */
const PATIENCE_MS = 4_000;

/** What is known beside the snapshot. What cannot be had in time is left out: it would only make the cause surer. */
export async function readContext(target: TargetSettings, deps: ContextDependencies): Promise<Context> {
  const { store, surroundings, now } = deps;
  const since = now() - EVIDENCE_MS;
  const { instance, isRds } = target;
  const [samples, profile, changes, connections, freeMemoryBytes] = await Promise.all([
    inTimeOr([], store.samples.since(target.id, since)),
    inTimeOr([], store.profiles.since(target.id, now() - PROFILE_MS)),
    isRds ? inTimeOr([], surroundings.changes(instance, since)) : [],
    isRds ? inTimeOr([], surroundings.connections(instance, since)) : [],
    isRds ? inTimeOr(null, surroundings.freeMemory(instance, since)) : null,
  ]);
  const poolSlots = target.pools.reduce((sum, { instances, size }) => sum + instances * size, 0);
  return {
    ...NO_CONTEXT,
    samples,
    profile,
    changes,
    connections,
    freeMemoryBytes,
    poolSlots: target.pools.length === 0 ? null : poolSlots,
  };
}

async function inTimeOr<T>(nothing: T, evidence: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const tooLate = new Promise<T>((resolve) => {
    late.addEventListener('abort', () => resolve(nothing), { once: true });
  });
  return Promise.race([evidence.catch(() => nothing), tooLate]);
}
