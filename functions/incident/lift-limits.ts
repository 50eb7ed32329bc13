import { judgeLift, type LiftVerdict } from '../core/record/limit-lift.ts';
import type { CapRecord } from '../core/record/limit.ts';
import { composeStuckCap } from '../core/messages/stuck-limit.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { Notifier } from '../core/ports/outside.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { printable } from '../core/words/printable.ts';
import type { TargetSettings } from '../core/policy/target.ts';

export interface LiftDependencies {
  readonly store: Pick<IncidentStore, 'settleCap' | 'capTold'>;
  readonly worker: Pick<WorkerClient, 'uncap'>;
  readonly notifier: Notifier;
  readonly now: () => number;
}

/** How long the worker may take for all of them; a busy one is asked again meanwhile. */
const LIFT_MS = 15_000;
/** Clients are still refused: a page that was lost or forgotten is sent again. */
const TELL_AGAIN_MS = 24 * 3_600_000;

/**
 * Lifts limits that have outlived their use and says what became of each, in words. A value that somebody has set meanwhile
 * is left. What cannot be lifted stays on record, to be tried again, and pages a person once a day. Throws for nothing but the store.
 */
export async function liftCaps(
  target: TargetSettings,
  caps: readonly CapRecord[],
  deps: LiftDependencies,
): Promise<string[]> {
  const told: string[] = [];
  const deadline = deps.now() + LIFT_MS;
  for (const cap of caps) {
    const verdict = await lift(target, cap, deadline, deps);
    told.push(`limit on ${printable(cap.user, 63)}: ${verdict.kind === 'settled' ? verdict.end : verdict.kind}`);
    if (verdict.kind === 'settled') await deps.store.settleCap(cap, verdict.end, deps.now());
    if (verdict.kind === 'stuck' && !isTold(cap, deps.now())) await page(target, cap, verdict.why, deps);
  }
  return told;
}

async function lift(
  { worker: name }: TargetSettings,
  cap: CapRecord,
  deadline: number,
  { worker, now }: LiftDependencies,
): Promise<LiftVerdict> {
  const { user, limit, before } = cap;
  // Whoever closes an incident must come to its end, also when the worker hangs.
  if (now() >= deadline) return { kind: 'stuck', why: 'no time was left for it: the worker took too long for another' };
  try {
    return judgeLift(cap, await worker.uncap(name, { deadline, user, limit, before }), now());
  } catch (error) {
    // Compared and set: when it was lifted all the same, the next attempt finds it so.
    return { kind: 'stuck', why: error instanceof Error ? error.message : String(error) };
  }
}

function isTold({ toldAt }: CapRecord, now: number): boolean {
  return toldAt !== null && now - toldAt < TELL_AGAIN_MS;
}

/** A topic that fails is tried again with the next attempt to lift. */
async function page(target: TargetSettings, cap: CapRecord, why: string, deps: LiftDependencies): Promise<void> {
  const isPublished = await deps.notifier.publish(composeStuckCap(cap, why, target, deps.now())).then(
    () => true,
    () => false,
  );
  if (isPublished) await deps.store.capTold(cap, deps.now());
}
