import { composeStuckLimit } from '../core/messages/stuck-limit.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { judgeLift, type LiftVerdict } from '../core/record/limit-lift.ts';
import type { LimitRecord } from '../core/record/limit.ts';
import { errorWords } from '../core/words/error-words.ts';
import { printable } from '../core/words/printable.ts';

export interface LiftDependencies {
  readonly store: Pick<IncidentStore, 'limits'>;
  readonly worker: Pick<WorkerClient, 'lift'>;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/** How long the worker may take for all of them; a busy one is asked again meanwhile. */
export const LIFT_MS = 15_000;
/** Clients are still refused: a page that was lost or forgotten is sent again. */
const REPORT_AGAIN_MS = 24 * 3_600_000;

/**
 * Lifts limits that are no longer needed and returns the result of each, in words. A value that somebody has set
 * meanwhile is left. What cannot be lifted stays on record, to be tried again, and pages a person once a day. Throws
 * only for the store.
 */
export async function liftLimits(
  target: TargetSettings,
  limits: readonly LimitRecord[],
  deps: LiftDependencies,
): Promise<string[]> {
  const results: string[] = [];
  const deadline = deps.now() + LIFT_MS;
  for (const limit of limits) {
    const verdict = await tryToLift(target, limit, deadline, deps);
    results.push(`limit on ${printable(limit.user, 63)}: ${verdict.kind === 'settled' ? verdict.end : verdict.kind}`);
    if (verdict.kind === 'settled') await deps.store.limits.settle(limit, verdict.end, deps.now());
    if (verdict.kind === 'stuck' && !isReported(limit, deps.now())) await report(target, limit, verdict.why, deps);
  }
  return results;
}

/** One attempt, which the worker takes no longer for than until `deadline`. Changes nothing on record. */
export async function tryToLift(
  target: TargetSettings,
  record: LimitRecord,
  deadline: number,
  { worker, now }: Pick<LiftDependencies, 'worker' | 'now'>,
): Promise<LiftVerdict> {
  const { user, limit, before } = record;
  // Whoever closes an incident must finish, also when the worker hangs.
  if (now() >= deadline) return { kind: 'stuck', why: 'no time was left for it: the worker took too long for another' };
  try {
    return judgeLift(record, await worker.lift(target, { deadline, user, limit, before }), now());
  } catch (error) {
    // Compared and set: when it was lifted all the same, the next attempt finds it so.
    return { kind: 'stuck', why: errorWords(error) };
  }
}

function isReported({ toldAt }: LimitRecord, now: number): boolean {
  return toldAt !== null && now - toldAt < REPORT_AGAIN_MS;
}

/** A topic that fails is tried again with the next attempt to lift. */
async function report(target: TargetSettings, limit: LimitRecord, why: string, deps: LiftDependencies): Promise<void> {
  const isPublished = await deps.notifier.publish(composeStuckLimit(limit, why, target, deps.now())).then(
    () => true,
    () => false,
  );
  if (isPublished) await deps.store.limits.markReported(limit, deps.now());
}
