import { describeCall } from '../core/plan/call.ts';
import { describePause, fullPause, resumeCommandFor } from '../core/policy/pause.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { CallRefused } from '../core/protocol/errors.ts';
import type { Incident } from '../core/record/incident.ts';
import { reasonNotToAct } from '../core/server/readiness.ts';
import { commandFor } from '../core/words/commands.ts';

export interface CallGuardDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'pauses'>;
  readonly worker: Pick<WorkerClient, 'snapshot'>;
  readonly now: () => number;
}

const SNAPSHOT_MS = 20_000;
/** Getting in must be quick once the plan is confirmed: it must not grow old. */
export const CONFIRMED_PATIENCE_MS = 10_000;

/** Throws CallRefused when the target is paused, or has an open incident: one is open per target, a call or not. */
export async function refuseWhenHeld(
  target: TargetSettings,
  { store, now }: Pick<CallGuardDependencies, 'store' | 'now'>,
): Promise<void> {
  const { id, commands } = target;
  const pause = fullPause(await store.pauses.on(id));
  if (pause)
    throw new CallRefused(`${id} is ${describePause(pause)}; lift it first: ${resumeCommandFor(pause, commands)}`);
  const holder = await store.incidents.openOf(id);
  // A call whose command has died is taken over once its lease has run out.
  const mayBeAbandoned = holder !== null && holder.call !== null && now() - holder.openedAt > LEASE_MS;
  if (holder && !mayBeAbandoned) throw new CallRefused(describeHolder(holder, target));
}

/** Throws CallRefused for a pause. Asked last, as by every act: a pause stops what is under way too. */
export async function refuseWhenPaused(
  { id }: TargetSettings,
  { store }: { readonly store: Pick<IncidentStore, 'pauses'> },
): Promise<void> {
  const pause = fullPause(await store.pauses.on(id));
  if (pause) throw new CallRefused(describePause(pause));
}

/** The incident that is in the way of a call on a target, in words. */
export function describeHolder({ id, call, escalation }: Incident, target: TargetSettings): string {
  const by = call === null ? '' : ` (${describeCall(call)})`;
  const advice =
    escalation === null
      ? `wait until it is closed, and see ${commandFor(`incidents show ${id}`, target)}`
      : `people have been paged for it; close it first: ${commandFor(`incidents close ${id}`, target)}`;
  return `incident ${id}${by} is open on ${target.id}: ${advice}`;
}

/**
 * A snapshot to plan a call from. Throws CallRefused when the worker is refused, or no session may be ended on this
 * server.
 */
export async function takeSnapshotForCall(
  target: TargetSettings,
  patienceMs: number,
  { worker, now }: CallGuardDependencies,
) {
  const answer = await worker.snapshot(target, { deadline: now() + patienceMs + SNAPSHOT_MS, patienceMs });
  if (!answer.ok) throw new CallRefused(`could not get in (${answer.refusal.kind}): ${answer.refusal.message}`);
  const reason = reasonNotToAct(answer.snapshot);
  if (reason) throw new CallRefused(reason.why);
  return answer;
}
