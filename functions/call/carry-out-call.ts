import { describeCall, planCall, type CallPlan, type Confirmed, type PersonsCall } from '../core/plan/call.ts';
import { describeSpared } from '../core/plan/spared-samples.ts';
import { countSpared } from '../core/plan/tier-plan.ts';
import { describePause, fullPause } from '../core/policy/pause.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import { BY_HAND } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { incidentIdFor } from '../core/protocol/alarm-event.ts';
import { CallRefused, ERRORS } from '../core/protocol/errors.ts';
import { historyOf } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import type { Notice } from '../core/record/notice.ts';
import type { Round } from '../core/record/round.ts';
import { describeLeftOut } from '../core/protocol/fit-answer.ts';
import { describeAdmission, describeCanary } from '../core/server/admission.ts';
import { sessionKey } from '../core/server/session.ts';
import { slotsTaken, usagePercent, type Admission, type Snapshot } from '../core/server/snapshot.ts';
import { carryOut } from '../incident/carry-out.ts';
import { readPast } from '../incident/read-past.ts';
import { describeHolder, refuseWhenHeld, takeSnapshotForCall } from './call-guards.ts';

export interface CallDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds' | 'acts' | 'approvals' | 'limits' | 'pauses'>;
  readonly worker: Pick<WorkerClient, 'snapshot' | 'end' | 'limit'>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** What a person is asked to confirm. */
export interface CallProposal {
  readonly target: TargetSettings;
  readonly call: PersonsCall;
  readonly snapshot: Snapshot;
  readonly plan: CallPlan;
}

export interface CallResult {
  readonly incident: Incident;
  /** Keys of confirmed sessions that the last snapshot still showed; null when the call broke off before it. */
  readonly left: ReadonlySet<string> | null;
}

/** A session that changes its state meanwhile is not ended at first; it may return to the state it was shown in. */
const MAX_ACTS = 3;
/** Getting in must be quick once the plan is confirmed: it must not grow old. */
const PATIENCE_MS = 10_000;

/** The sessions that a call would end right now. Writes nothing. Throws CallRefused, naming the obstacle. */
export async function proposeCall(
  target: TargetSettings,
  call: PersonsCall,
  deps: CallDependencies,
): Promise<CallProposal> {
  await refuseWhenHeld(target, deps);
  const { snapshot } = await takeSnapshotForCall(target, target.policy.loop.patienceSeconds * 1000, deps);
  const history = historyOf({ ...(await readPast(target.id, null, deps)), usedNow: slotsTaken(snapshot) });
  const plan = planCall(snapshot, target.policy, { call, confirmed: null }, history);
  return { target, call, snapshot, plan };
}

/**
 * Carries a confirmed proposal out as an incident of its own: takes a new snapshot, ends only sessions of the plan, and
 * closes the incident, which then may owe people a notice. Throws CallRefused when nothing was begun.
 */
export async function carryOutCall({ target, call, plan }: CallProposal, deps: CallDependencies): Promise<CallResult> {
  await refuseWhenHeld(target, deps);
  const { id } = await open(target, call, deps);
  const confirmed: Confirmed = new Map(
    plan.victims.map(({ session }) => [sessionKey(session.identity), session.state]),
  );
  let failure: Incident['failure'] = null;
  let left: CallResult['left'] = null;
  try {
    // The last snapshot only shows the result.
    for (let round = 1; left === null; round++) {
      left = await playRound(id, round, confirmed, deps);
      if (left === null) await deps.sleep(target.policy.loop.settleSeconds * 1000);
    }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    failure = { error: name, detail: message.slice(0, 1000) };
  }
  const outcome = failure === null ? 'done' : 'failed';
  const notice = await noticeFor(id, failure, deps);
  return { incident: await deps.store.incidents.close(id, { outcome, at: deps.now(), failure, notice }), left };
}

/** A refusal concerns only the person who called, and the command prints it; others are notified of what was ended. */
async function noticeFor(
  id: string,
  failure: Incident['failure'],
  { store }: CallDependencies,
): Promise<Notice | null> {
  if (failure === null) return 'done';
  if (failure.error !== ERRORS.callRefused) return 'failed';
  return ((await store.incidents.byId(id))?.endedCount ?? 0) > 0 ? 'done' : null;
}

async function open(target: TargetSettings, call: PersonsCall, { store, now }: CallDependencies): Promise<Incident> {
  const at = now();
  const alarm = { alarm: 'headroom end', at, reason: describeCall(call) };
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

/**
 * One snapshot and, when a session is left to end, one act. Returns null when it acted, else the keys of the confirmed
 * sessions that are still there.
 */
async function playRound(
  id: string,
  round: number,
  confirmed: Confirmed,
  deps: CallDependencies,
): Promise<CallResult['left']> {
  const { store, now } = deps;
  const incident = await store.incidents.byId(id);
  if (incident?.status !== 'open' || incident.call === null)
    throw new CallRefused(`incident ${id} was closed meanwhile`);
  const { target, call } = incident;
  const { snapshot, admission } = await takeSnapshotForCall(target, PATIENCE_MS, deps);
  const seenAt = now();
  const history = historyOf({ ...(await readPast(target.id, id, deps)), usedNow: slotsTaken(snapshot) });
  const plan = planCall(snapshot, target.policy, { call, confirmed }, history);
  const why = describeCall(call);
  await store.rounds.put(roundOf({ id, round, at: seenAt, why }, snapshot, admission, plan));
  const usage = usagePercent(snapshot);
  const changed = await store.incidents.change(id, {
    rounds: round,
    serverVersion: snapshot.server.version,
    admission: incident.admission ?? admission,
    usageBefore: incident.usageBefore ?? usage,
    usageAfter: usage,
    usagePeak: Math.max(incident.usagePeak ?? 0, usage),
    spared: countSpared(plan.spared),
  });
  if (plan.victims.length === 0 || round > MAX_ACTS) return stillThere(snapshot, confirmed);
  // Read last, as by every act: a pause stops this too.
  const pause = fullPause(await store.pauses.on(target.id));
  if (pause) throw new CallRefused(describePause(pause));
  const { refusal } = await carryOut(
    changed,
    { round, tier: BY_HAND, limit: null, victims: plan.victims, seenAt },
    deps,
  );
  if (refusal) throw new CallRefused(`the worker was refused as ${refusal.kind}`);
  return null;
}

/** One that rolls back has been ended, and its slot comes free by itself. */
function stillThere({ sessions }: Snapshot, confirmed: Confirmed): Set<string> {
  const here = sessions.filter(({ state }) => state !== 'rolling-back').map(({ identity }) => sessionKey(identity));
  return new Set(here.filter((key) => confirmed.has(key)));
}

function roundOf(
  { id, round, at, why }: { id: string; round: number; at: number; why: string },
  snapshot: Snapshot,
  admission: Admission,
  { victims, spared }: CallPlan,
): Round {
  const leftOut = describeLeftOut(snapshot);
  return {
    incidentId: id,
    round,
    at,
    usage: usagePercent(snapshot),
    used: slotsTaken(snapshot),
    usable: snapshot.limits.usable,
    byState: snapshot.byState,
    canary: describeCanary(snapshot.canary),
    admission: describeAdmission(admission),
    ...(leftOut !== null && { leftOut }),
    cause: null,
    next: victims.length === 0 || round > MAX_ACTS ? 'close' : BY_HAND,
    why,
    planned: { [BY_HAND]: victims.length },
    spared: countSpared(spared),
    sparedSamples: describeSpared(spared),
  };
}
