import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { NoticeUndelivered } from '../core/protocol/errors.ts';
import { closeIncident, type CloseDependencies } from '../incident/close-incident.ts';
import { deliverPending, type DeliverDependencies } from '../incident/deliver.ts';
import { liftLimits } from '../incident/lift-limits.ts';

export type ReleaseDependencies = CloseDependencies &
  DeliverDependencies & { readonly store: Pick<IncidentStore, 'incidents' | 'limits'> };

/** `lifter`: by whose worker limits are lifted; null: as the records say. `why`: for the record of its incident. */
interface Release {
  readonly lifter: TargetSettings | null;
  readonly why: string;
}

/**
 * Ends what Headroom has under way on a target that has been taken out, while a worker is still there: closes its
 * open incident with a notice, and lifts every limit. What cannot be lifted pages a person and stays on record.
 * Returns what was done, in words. Throws for the store, and NoticeUndelivered when all is done and the notice did not
 * go out: whoever deploys is told instead.
 */
export async function releaseTarget(
  targetId: string,
  { lifter, why }: Release,
  deps: ReleaseDependencies,
): Promise<string[]> {
  const { incidents, limits } = deps.store;
  const done: string[] = [];
  let failures: string[] = [];
  const open = await incidents.openOf(targetId);
  if (open !== null) {
    const closed = await closeIncident(open.id, 'interrupted', { error: 'target removed', detail: why }, deps);
    failures = await deliverPending(closed, deps);
    done.push(`closed ${open.id}`);
  }
  const left = (await limits.of(targetId)).filter(({ incidentId }) => incidentId !== open?.id);
  const target = lifter ?? open?.target ?? (await incidents.listByTarget(targetId, 1))[0]?.target;
  if (target !== undefined) done.push(...(await liftLimits(target, left, deps)));
  if (failures.length > 0) throw new NoticeUndelivered([`${done.join(', ')}, and nobody was notified`, ...failures]);
  return done;
}
