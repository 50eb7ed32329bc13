import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { CallRefused } from '../core/protocol/errors.ts';
import type { LiftVerdict } from '../core/record/limit-lift.ts';
import type { DroppedLimit, LimitRecord } from '../core/record/limit.ts';
import { LIFT_MS, tryToLift } from '../incident/lift-limits.ts';

export interface LiftByPersonDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'limits'>;
  readonly worker: Pick<WorkerClient, 'lift'>;
  readonly now: () => number;
}

/** Why a limit is not a person's to end while its incident is open; null when that is closed. */
export async function whyNotYet(
  { incidentId }: LimitRecord,
  { incidents }: Pick<IncidentStore, 'incidents'>,
): Promise<string | null> {
  if ((await incidents.byId(incidentId))?.status !== 'open') return null;
  return `incident ${incidentId} is still open; it lifts this limit when it closes`;
}

/** Throws CallRefused while the incident of a limit is open. */
export async function refuseWhileOpen(
  limit: LimitRecord,
  { store }: Pick<LiftByPersonDependencies, 'store'>,
): Promise<void> {
  const why = await whyNotYet(limit, store);
  if (why !== null) throw new CallRefused(why);
}

/**
 * Lifts a limit on record at a person's word, whatever its time, also in a pause: it only gives back. The worker reads
 * back what the server has then. What is settled is off the record; what is not stays there, for whoever lifts limits.
 * Throws CallRefused while its incident is open.
 */
export async function liftByPerson(
  target: TargetSettings,
  limit: LimitRecord,
  who: DroppedLimit,
  deps: LiftByPersonDependencies,
): Promise<LiftVerdict> {
  await refuseWhileOpen(limit, deps);
  const verdict = await tryToLift(target, limit, deps.now() + LIFT_MS, deps);
  if (verdict.kind === 'settled') await deps.store.limits.settle(limit, verdict.end, deps.now(), who);
  return verdict;
}
