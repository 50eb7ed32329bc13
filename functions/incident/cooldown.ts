import { fullPause, isAnyLifted } from '../core/policy/pause.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { cooldownAfter } from '../core/record/cooldown.ts';
import type { Incident } from '../core/record/incident.ts';

export interface Rest {
  /** The target's latest incident with a workflow, null when it never had one. */
  readonly latest: Incident | null;
  /** It closed so short a time ago that what still stands is left alone for now. */
  readonly isResting: boolean;
}

/** Whether a target without an open incident still rests after its last one. */
export async function readRest(
  target: TargetSettings,
  { store, now }: { readonly store: IncidentStore; readonly now: () => number },
): Promise<Rest> {
  // A person's call is no answer to what stands.
  const [listed, ...earlier] = (await store.listByTarget(target.id, 10)).filter(({ call }) => call === null);
  // The list may lag behind, and still show as open what has just been closed.
  const latest = listed ? await store.incident(listed.id) : null;
  if (latest?.closedAt == null) return { latest, isResting: false };
  // What held Headroom back then, a pause or the mode, may be gone by now.
  const pauses = await store.pausesOn(target.id);
  const rest = cooldownAfter(latest, earlier, {
    mayAct: target.mode !== 'observe' && fullPause(pauses) === null,
    isPauseLifted: isAnyLifted(latest.pauses, pauses),
  });
  return { latest, isResting: now() - latest.closedAt < rest };
}

/** The minute stands in for the moment of what stands already, so that repeated calls mean one incident. */
export function minuteOf(at: number): number {
  return Math.floor(at / 60_000) * 60_000;
}
