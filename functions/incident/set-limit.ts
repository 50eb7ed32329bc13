import type { ActCap } from '../core/record/act.ts';
import type { Incident } from '../core/record/incident.ts';
import type { CapRecord } from '../core/record/limit.ts';
import { whyLimit } from '../core/plan/plan-summary.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { printable } from '../core/words/printable.ts';
import type { UserCap } from '../core/plan/tiers/tier.ts';

export interface SetCapDependencies {
  readonly store: Pick<IncidentStore, 'noteCap' | 'confirmCap' | 'settleCap'>;
  readonly worker: Pick<WorkerClient, 'cap'>;
  readonly now: () => number;
}

/** What an act's record keeps of a planned limit. */
export function pickCap(cap: UserCap): Pick<ActCap, 'user' | 'account' | 'limit' | 'before' | 'reason'> {
  const { user, account, limit, before } = cap;
  return { user, account, limit, before, reason: whyLimit(cap) };
}

/**
 * Puts the limit on record with the value before it, and only then has it set. When the server certainly does not have it,
 * the record is taken back; a WorkerFault leaves it, and whoever finds it lifts the limit, should it stand.
 */
export async function setCap(
  incident: Incident,
  cap: ActCap,
  deadline: number,
  { store, worker, now }: SetCapDependencies,
): Promise<ActCap> {
  const { user, account, limit, before } = cap;
  const { target, id } = incident;
  const record: CapRecord = {
    targetId: target.id,
    incidentId: id,
    user,
    account,
    limit,
    before,
    at: now(),
    setBy: deadline,
    isSet: false,
    toldAt: null,
  };
  if (!(await store.noteCap(record))) {
    return { ...cap, result: 'not-tried', detail: 'a limit on this user is on record already' };
  }
  const answer = await worker.cap(target.worker, { deadline, user, limit, before });
  if (answer.ok && answer.limit.result === 'done') {
    await store.confirmCap(record);
    return { ...cap, result: 'done' };
  }
  await store.settleCap(record, 'never-set', now());
  if (!answer.ok) return { ...cap, result: 'not-tried', detail: `the worker was refused: ${answer.refusal.kind}` };
  return { ...cap, result: answer.limit.result, detail: answer.limit.detail };
}

/** Why the limit does not stand. */
export function describeCap({ user, result, detail }: ActCap): string {
  const words = detail === '' ? (result ?? 'unknown') : `${result ?? 'unknown'}: ${printable(detail, 300)}`;
  return `the user ${printable(user, 63)} could not be limited (${words}), so nobody was ended`;
}
