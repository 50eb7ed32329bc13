import type { PersonsCall } from '../core/plan/call.ts';
import type { TargetSettings } from '../core/policy/target.ts';
import { BY_HAND } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { CallRefused } from '../core/protocol/errors.ts';
import type { Incident } from '../core/record/incident.ts';
import type { Snapshot } from '../core/server/snapshot.ts';
import { withCommands } from '../core/words/commands.ts';
import { carryOut } from '../incident/carry-out.ts';
import { readBefore } from '../incident/read-before.ts';
import { whyUnset } from '../incident/set-limit.ts';
import { asIncident, findOpen, putRound } from './as-incident.ts';
import { CONFIRMED_PATIENCE_MS, refuseWhenHeld, refuseWhenPaused, takeSnapshotForCall } from './call-guards.ts';
import { planPersonsLimit, type PersonsLimitPlan } from './plan-limit.ts';

export interface LimitDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds' | 'acts' | 'limits' | 'pauses' | 'profiles' | 'samples'>;
  readonly worker: Pick<WorkerClient, 'snapshot' | 'end' | 'limit'>;
  readonly now: () => number;
}

/** A call that limits a user. */
export type LimitingCall = PersonsCall & Required<Pick<PersonsCall, 'limit'>> & { readonly user: string };

/** What a person is asked to confirm. */
export interface LimitProposal {
  readonly target: TargetSettings;
  readonly call: LimitingCall;
  readonly snapshot: Snapshot;
  readonly plan: PersonsLimitPlan;
}

export interface LimitResult {
  readonly incident: Incident;
  /** When the limit ends, epoch milliseconds; null when it was not set, or nobody knows whether it was. */
  readonly until: number | null;
}

/** The limit that a call would set right now. Writes nothing. Throws CallRefused, naming the obstacle and its fix. */
export async function proposeLimit(
  target: TargetSettings,
  call: LimitingCall,
  deps: LimitDependencies,
): Promise<LimitProposal> {
  await refuseWhenHeld(target, deps);
  const { snapshot } = await takeSnapshotForCall(target, target.policy.loop.patienceSeconds * 1000, deps);
  return { target, call, snapshot, plan: await plan(target, call, snapshot, deps) };
}

/**
 * Carries a confirmed proposal out as an incident of its own, which it closes: takes a new snapshot, plans again, has the
 * limit set, and read back by the worker. The limit stays on record with its end, and whoever lifts limits lifts it then.
 * Throws CallRefused when nothing was begun.
 */
export async function carryOutLimit(proposal: LimitProposal, deps: LimitDependencies): Promise<LimitResult> {
  const { incident, result } = await asIncident(proposal.target, proposal.call, deps, (id) =>
    setIt(id, proposal, deps),
  );
  return { incident, until: result };
}

/** Returns when the limit ends. */
async function setIt(id: string, { call, plan: confirmed }: LimitProposal, deps: LimitDependencies): Promise<number> {
  const { now } = deps;
  const incident = await findOpen(id, deps);
  const { target } = incident;
  const { snapshot, admission } = await takeSnapshotForCall(target, CONFIRMED_PATIENCE_MS, deps);
  const seenAt = now();
  const planned = await plan(target, call, snapshot, deps);
  if (planned.before !== confirmed.before)
    throw new CallRefused(`its limit was ${inNumbers(confirmed.before)}, and is ${inNumbers(planned.before)} by now`);
  const looked = { round: 1, at: seenAt, next: BY_HAND, plan: { victims: [], spared: [] } } as const;
  const changed = await putRound(incident, looked, { snapshot, admission }, deps);
  await refuseWhenPaused(target, deps);
  const until = now() + call.limit.forMs;
  const { act } = await carryOut(
    changed,
    { round: 1, tier: BY_HAND, limit: { ...planned, until }, victims: [], seenAt },
    deps,
  );
  if (act.limit !== null && act.limit.result !== 'done') throw new CallRefused(whyUnset(act.limit));
  return until;
}

function inNumbers(limit: number | null): string {
  return limit === null ? 'none' : String(limit);
}

async function plan(
  target: TargetSettings,
  { user, limit }: LimitingCall,
  snapshot: Snapshot,
  deps: LimitDependencies,
): Promise<PersonsLimitPlan> {
  const [before, limitsOnRecord] = await Promise.all([readBefore(target.id, deps), deps.store.limits.of(target.id)]);
  const asked = { user, limit: limit.connections };
  const planned = planPersonsLimit(snapshot, target.policy, asked, { before, limitsOnRecord });
  if ('fix' in planned) throw new CallRefused(withCommands([planned.why, ...planned.fix].join('; '), target));
  return planned;
}
