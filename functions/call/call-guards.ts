import { describeCall } from '../core/plan/call.ts';
import { describePause, fullPause, resumeCommandFor } from '../core/policy/pause.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { CallRefused } from '../core/protocol/errors.ts';
import type { Incident } from '../core/record/incident.ts';
import { reasonNotToAct } from '../core/server/readiness.ts';

export interface CallGuardDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'pauses'>;
  readonly worker: Pick<WorkerClient, 'snapshot'>;
  readonly now: () => number;
}

const SNAPSHOT_MS = 20_000;

/** Throws CallRefused when the target is paused, or has an open incident: one is open per target, a call or not. */
export async function refuseWhenHeld(
  { id }: TargetSettings,
  { store, now }: Pick<CallGuardDependencies, 'store' | 'now'>,
): Promise<void> {
  const pause = fullPause(await store.pauses.on(id));
  if (pause) throw new CallRefused(`${id} is ${describePause(pause)}; lift it first: ${resumeCommandFor(pause)}`);
  const holder = await store.incidents.openOf(id);
  // A call whose command has died is taken over once its lease has run out.
  const mayBeAbandoned = holder !== null && holder.call !== null && now() - holder.openedAt > LEASE_MS;
  if (holder && !mayBeAbandoned) throw new CallRefused(describeHolder(holder));
}

/** The incident that is in the way, in words. */
export function describeHolder({ id, target, call, escalation }: Incident): string {
  const by = call === null ? '' : ` (${describeCall(call)})`;
  const advice =
    escalation === null
      ? `see "headroom incidents show ${id}" and wait until it is closed`
      : `people have been paged for it; close it first: headroom incidents close ${id}`;
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
  const answer = await worker.snapshot(target.worker, { deadline: now() + patienceMs + SNAPSHOT_MS, patienceMs });
  if (!answer.ok) throw new CallRefused(`could not get in (${answer.refusal.kind}): ${answer.refusal.message}`);
  const reason = reasonNotToAct(answer.snapshot);
  if (reason) throw new CallRefused(reason.why);
  return answer;
}
