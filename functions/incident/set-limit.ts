import { whyLimit } from '../core/plan/plan-summary.ts';
import type { LimitPlan } from '../core/plan/tiers/tier.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import type { ActLimit } from '../core/record/act.ts';
import type { Incident } from '../core/record/incident.ts';
import type { LimitRecord } from '../core/record/limit.ts';
import { named, printable } from '../core/words/printable.ts';

export interface SetLimitDependencies {
  readonly store: Pick<IncidentStore, 'limits'>;
  readonly worker: Pick<WorkerClient, 'limit'>;
  readonly now: () => number;
}

/** A limit to set. `until`: see ActLimit. */
export type LimitOrder = LimitPlan & Pick<ActLimit, 'until'>;

/** What an act's record keeps of a planned limit. */
export function pickLimit(planned: LimitOrder): Omit<ActLimit, 'result' | 'detail'> {
  const { user, account, limit, before, until } = planned;
  return { user, account, limit, before, reason: whyLimit(planned), ...(until !== undefined && { until }) };
}

/**
 * Puts the limit on record with the value before it, and only then has it set. When the server certainly does not have
 * it, the record is settled; a WorkerFault leaves it, and whoever finds it lifts the limit, should the server have it.
 */
export async function setLimit(
  incident: Incident,
  meant: ActLimit,
  deadline: number,
  { store, worker, now }: SetLimitDependencies,
): Promise<ActLimit> {
  const { user, account, limit, before, until } = meant;
  const { target, id } = incident;
  const record: LimitRecord = {
    targetId: target.id,
    incidentId: id,
    user,
    account,
    limit,
    before,
    at: now(),
    setBy: deadline,
    isSet: false,
    ...(until !== undefined && { until }),
    toldAt: null,
  };
  if (!(await store.limits.record(record))) {
    return { ...meant, result: 'not-tried', detail: 'a limit on this user is on record already' };
  }
  const answer = await worker.limit(target, { deadline, user, limit, before });
  if (answer.ok && answer.limit.result === 'done') {
    await store.limits.confirm(record);
    return { ...meant, result: 'done' };
  }
  await store.limits.settle(record, 'never-set', now());
  if (!answer.ok) return { ...meant, result: 'not-tried', detail: `the worker was refused: ${answer.refusal.kind}` };
  return { ...meant, result: answer.limit.result, detail: answer.limit.detail };
}

/** Why an act ended nobody: the limit before it was not set. */
export function describeUnset(limit: ActLimit): string {
  return `${whyUnset(limit)}, so no session was ended`;
}

/** Why the limit was not set. */
export function whyUnset({ user, result, detail }: ActLimit): string {
  const words = detail === '' ? (result ?? 'unknown') : `${result ?? 'unknown'}: ${printable(detail, 300)}`;
  return `the user ${named(user, 63)} could not be limited (${words})`;
}
