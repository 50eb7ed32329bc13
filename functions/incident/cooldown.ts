import { fullPause, isAnyLifted } from '../core/policy/pause.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { cooldownAfter } from '../core/record/cooldown.ts';
import type { Incident } from '../core/record/incident.ts';

export interface Cooldown {
  /** The target's latest incident with a workflow, null when it never had one. */
  readonly latest: Incident | null;
  /** It closed so recently that what is still wrong is left alone for now. */
  readonly isActive: boolean;
}

export interface CooldownDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'pauses'>;
  readonly now: () => number;
}

/** Whether a target without an open incident is left alone after its last one. */
export async function readCooldown(target: TargetSettings, { store, now }: CooldownDependencies): Promise<Cooldown> {
  // A person's call does not answer an alarm.
  const [listed, ...earlier] = (await store.incidents.listByTarget(target.id, 10)).filter(({ call }) => call === null);
  // The list may lag behind, and still show as open what has just been closed.
  const latest = listed ? await store.incidents.byId(listed.id) : null;
  if (latest?.closedAt == null) return { latest, isActive: false };
  // What kept Headroom from acting then, a pause or the mode, may be gone by now.
  const pauses = await store.pauses.on(target.id);
  const cooldownMs = cooldownAfter(latest, earlier, {
    mayAct: target.mode !== 'observe' && fullPause(pauses) === null,
    isPauseLifted: isAnyLifted(latest.pauses, pauses),
  });
  return { latest, isActive: now() - latest.closedAt < cooldownMs };
}

/** For an alarm that has been active for longer: with the minute as its time, repeated calls mean one incident. */
export function minuteOf(at: number): number {
  return Math.floor(at / 60_000) * 60_000;
}
