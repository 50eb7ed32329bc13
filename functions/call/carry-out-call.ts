import { planCall, type CallPlan, type Confirmed, type PersonsCall } from '../core/plan/call.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import { BY_HAND } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { CallRefused } from '../core/protocol/errors.ts';
import { historyOf } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import { sessionKey } from '../core/server/session.ts';
import { slotsTaken, type Snapshot } from '../core/server/snapshot.ts';
import { carryOut } from '../incident/carry-out.ts';
import { readPast } from '../incident/read-past.ts';
import { asIncident, findOpen, putRound } from './as-incident.ts';
import { CONFIRMED_PATIENCE_MS, refuseWhenHeld, refuseWhenPaused, takeSnapshotForCall } from './call-guards.ts';

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
  const confirmed: Confirmed = new Map(
    plan.victims.map(({ session }) => [sessionKey(session.identity), session.state]),
  );
  const { incident, result } = await asIncident(target, call, deps, async (id) => {
    // The last snapshot only shows the result.
    for (let round = 1; ; round++) {
      const left = await playRound(id, round, confirmed, deps);
      if (left !== null) return left;
      await deps.sleep(target.policy.loop.settleSeconds * 1000);
    }
  });
  return { incident, left: result };
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
  const { now } = deps;
  const incident = await findOpen(id, deps);
  const { target, call } = incident;
  const { snapshot, admission } = await takeSnapshotForCall(target, CONFIRMED_PATIENCE_MS, deps);
  const seenAt = now();
  const history = historyOf({ ...(await readPast(target.id, id, deps)), usedNow: slotsTaken(snapshot) });
  const plan = planCall(snapshot, target.policy, { call, confirmed }, history);
  const isOver = plan.victims.length === 0 || round > MAX_ACTS;
  const changed = await putRound(
    incident,
    { round, at: seenAt, next: isOver ? 'close' : BY_HAND, plan },
    { snapshot, admission },
    deps,
  );
  if (isOver) return stillThere(snapshot, confirmed);
  await refuseWhenPaused(target, deps);
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
