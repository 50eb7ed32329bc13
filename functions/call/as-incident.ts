import { describeCall, type CallPlan, type PersonsCall } from '../core/plan/call.ts';
import { describeSpared } from '../core/plan/spared-samples.ts';
import { countSpared } from '../core/plan/tier-plan.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import { BY_HAND } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import { incidentIdFor } from '../core/protocol/alarm-event.ts';
import { CallRefused, ERRORS } from '../core/protocol/errors.ts';
import { describeLeftOut } from '../core/protocol/fit-answer.ts';
import type { Incident } from '../core/record/incident.ts';
import type { Notice } from '../core/record/notice.ts';
import { describeAdmission, describeCanary } from '../core/server/admission.ts';
import { slotsTaken, usagePercent, type Admission, type Snapshot } from '../core/server/snapshot.ts';
import { describeHolder, refuseWhenHeld } from './call-guards.ts';

export interface AsIncidentDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds' | 'pauses'>;
  readonly now: () => number;
}

/** An incident whose work is a person's call. */
export type CalledIncident = Incident & { readonly call: PersonsCall };

/**
 * Does the work of a call as an incident of its own, which it opens and closes; it then may owe people a notice. What
 * `work` throws is the incident's failure, and its result is null. Throws CallRefused when nothing was begun.
 */
export async function asIncident<T>(
  target: TargetSettings,
  call: PersonsCall,
  deps: AsIncidentDependencies,
  work: (id: string) => Promise<T>,
): Promise<{ readonly incident: Incident; readonly result: T | null }> {
  await refuseWhenHeld(target, deps);
  const { id } = await open(target, call, deps);
  let failure: Incident['failure'] = null;
  let result: T | null = null;
  try {
    result = await work(id);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    failure = { error: name, detail: message.slice(0, 1000) };
  }
  const outcome = failure === null ? 'done' : 'failed';
  const notice = await noticeFor(id, failure, deps);
  return { incident: await deps.store.incidents.close(id, { outcome, at: deps.now(), failure, notice }), result };
}

/** A refusal concerns only the person who called, and the command prints it; others are notified of what was ended. */
async function noticeFor(
  id: string,
  failure: Incident['failure'],
  { store }: AsIncidentDependencies,
): Promise<Notice | null> {
  if (failure === null) return 'done';
  if (failure.error !== ERRORS.callRefused) return 'failed';
  return ((await store.incidents.byId(id))?.endedCount ?? 0) > 0 ? 'done' : null;
}

async function open(
  target: TargetSettings,
  call: PersonsCall,
  { store, now }: AsIncidentDependencies,
): Promise<Incident> {
  const at = now();
  const name = call.limit === undefined ? 'headroom end' : 'headroom limits set';
  const alarm = { alarm: name, at, reason: describeCall(call) };
  const candidate = {
    id: incidentIdFor(target.id, alarm.alarm, at),
    target,
    alarm,
    call,
    at,
    leaseUntil: at + LEASE_MS,
  };
  let opening = await store.incidents.open(candidate);
  // The command that carried the earlier call out is gone, and a call has no workflow that could still run.
  if (opening.kind === 'expired' && opening.incident.call !== null)
    opening = await store.incidents.takeOver(candidate, opening.incident);
  if (opening.kind !== 'opened' || opening.incident.id !== candidate.id)
    throw new CallRefused(describeHolder(opening.incident, target));
  return opening.incident;
}

/** Throws CallRefused when somebody has closed the incident of a call meanwhile. */
export async function findOpen(id: string, { store }: Pick<AsIncidentDependencies, 'store'>): Promise<CalledIncident> {
  const incident = await store.incidents.byId(id);
  if (incident?.status !== 'open' || incident.call === null)
    throw new CallRefused(`incident ${id} was closed meanwhile`);
  return { ...incident, call: incident.call };
}

/** One look of a call: `next` is `close`, or what a person does with it. */
interface CallRound {
  readonly round: number;
  /** When the snapshot arrived. */
  readonly at: number;
  readonly next: 'close' | typeof BY_HAND;
  readonly plan: Pick<CallPlan, 'victims' | 'spared'>;
}

/** Puts a look of a call on record, and what it means for the incident, which it returns. */
export async function putRound(
  incident: CalledIncident,
  { round, at, next, plan: { victims, spared } }: CallRound,
  { snapshot, admission }: { readonly snapshot: Snapshot; readonly admission: Admission },
  { store }: Pick<AsIncidentDependencies, 'store'>,
): Promise<Incident> {
  const usage = usagePercent(snapshot);
  const leftOut = describeLeftOut(snapshot);
  await store.rounds.put({
    incidentId: incident.id,
    round,
    at,
    usage,
    used: slotsTaken(snapshot),
    usable: snapshot.limits.usable,
    byState: snapshot.byState,
    canary: describeCanary(snapshot.canary),
    admission: describeAdmission(admission),
    ...(leftOut !== null && { leftOut }),
    cause: null,
    next,
    why: describeCall(incident.call),
    planned: { [BY_HAND]: victims.length },
    spared: countSpared(spared),
    sparedSamples: describeSpared(spared),
  });
  return store.incidents.change(incident.id, {
    rounds: round,
    serverVersion: snapshot.server.version,
    admission: incident.admission ?? admission,
    usageBefore: incident.usageBefore ?? usage,
    usageAfter: usage,
    usagePeak: Math.max(incident.usagePeak ?? 0, usage),
    spared: countSpared(spared),
  });
}
