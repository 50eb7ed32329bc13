import { NO_CONTEXT, type Context } from '../core/cause-facts.ts';
import type { IncidentStore, Surroundings } from '../core/ports.ts';
import type { TargetSettings } from '../core/target.ts';

export interface ContextDependencies {
  readonly store: IncidentStore;
  readonly surroundings: Surroundings;
  readonly now: () => number;
}

/** How far back anybody looks for what led to an incident. */
const LOOK_BACK_MS = 2 * 3_600_000;
/** Evidence is not worth more of an incident's time. */
const PATIENCE_MS = 4_000;

/** What is known beside the snapshot. What cannot be had in time is left out: it would only make the cause surer. */
export async function readContext(target: TargetSettings, deps: ContextDependencies): Promise<Context> {
  const { store, surroundings, now } = deps;
  const since = now() - LOOK_BACK_MS;
  const [samples, changes, connections] = await Promise.all([
    orNothing(store.samplesSince(target.id, since)),
    orNothing(target.isRds ? surroundings.changes(target.instance, since) : Promise.resolve([])),
    orNothing(target.isRds ? surroundings.connections(target.instance, since) : Promise.resolve([])),
  ]);
  const poolSlots = target.pools.reduce((sum, { instances, size }) => sum + instances * size, 0);
  return { ...NO_CONTEXT, samples, changes, connections, poolSlots: target.pools.length === 0 ? null : poolSlots };
}

async function orNothing<T>(evidence: Promise<T[]>): Promise<T[]> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const tooLate = new Promise<T[]>((resolve) => {
    late.addEventListener('abort', () => resolve([]), { once: true });
  });
  return Promise.race([evidence.catch(() => []), tooLate]);
}
