import { NO_CONTEXT } from '../core/cause/facts.ts';
import { isLimitAgreed, withinAgreed } from '../core/plan/plan-summary.ts';
import { isPlanned, type TierPlan } from '../core/plan/tier-plan.ts';
import { describePause, pauseOn, underPauses } from '../core/policy/pause.ts';
import { withMasterUser } from '../core/policy/protection.ts';
import type { TierName } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { FenceLost } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { actRequest, type ActResult } from '../core/protocol/steps.ts';
import { usableFor, type Approval } from '../core/record/approval.ts';
import { hasEffect, historyOf } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import { reasonNotToAct } from '../core/server/readiness.ts';
import { slotsTaken, type Refusal, type Snapshot } from '../core/server/snapshot.ts';
import { diagnoseSnapshot } from '../core/verdict/diagnosis.ts';
import { percent } from '../core/words/percent.ts';
import { carryOut } from '../incident/carry-out.ts';
import { readBefore, type BeforeDependencies } from '../incident/read-before.ts';
import { readPast } from '../incident/read-past.ts';
import { describeUnset } from '../incident/set-limit.ts';

export interface ActDependencies {
  readonly store: BeforeDependencies['store'] &
    Pick<IncidentStore, 'incidents' | 'rounds' | 'acts' | 'approvals' | 'limits' | 'pauses'>;
  readonly worker: Pick<WorkerClient, 'snapshot' | 'end' | 'limit'>;
  readonly now: () => number;
}

/** Getting in must be quick here: Diagnose has just been in, and what it saw must not grow old. */
const PATIENCE_MS = 10_000;

const NOTHING_TO_END = 'a fresh snapshot shows no session to end';

/**
 * One act of one tier: takes a snapshot, chooses from it, records the sessions to be ended, has them ended, and records
 * the result of each. Where a limit on a user comes first, no session is ended unless the server has the limit. Acts at
 * most once a round. Throws FenceLost or ActRepeated before anything ends; a WorkerFault leaves the act unfinished on
 * record, and it counts in full until the next snapshot settles it.
 */
export async function act(payload: unknown, deps: ActDependencies): Promise<ActResult> {
  const { store, worker, now } = deps;
  const { incidentId, round, tier } = parseRequest(actRequest, payload);
  const incident = await store.incidents.byId(incidentId);
  if (incident?.status !== 'open') throw new FenceLost(incidentId);
  const { target } = incident;
  const held = (why: string): ActResult => ({ tier, round, held: why, counts: {} });

  await store.incidents.holdFence(incident, now() + LEASE_MS);
  const deadline = now() + PATIENCE_MS + 20_000;
  const answer = await worker.snapshot(target, { deadline, patienceMs: PATIENCE_MS });
  if (!answer.ok) return held(`refused as ${answer.refusal.kind}`);
  const seenAt = now();

  const chosen = await chooseAct(incident, tier, answer.snapshot, deps);
  if (typeof chosen === 'string') return held(chosen);
  const { approval, ...decided } = chosen;

  // Read last, right before the act, which then holds the fence: a pause that came meanwhile must stop it.
  const pause = pauseOn(tier, await store.pauses.on(target.id));
  if (pause) return held(describePause(pause));
  // A yes is good for one act, whoever else may hold it.
  if (approval && !(await store.approvals.use(approval, { round, at: now() })))
    return held('the approval has been used or is too old');
  const { act: carried, counts, refusal } = await carryOut(incident, { round, tier, ...decided, seenAt }, deps);
  if (carried.limit !== null && carried.limit.result !== 'done')
    return { tier, round, held: describeUnset(carried.limit), counts };
  return { tier, round, held: refusal === null ? null : heldBy(refusal), counts };
}

/** Whoever is in the way is named. */
function heldBy({ kind, message }: Refusal): string {
  return kind === 'busy-elsewhere' ? message : `refused as ${kind}`;
}

interface ChosenAct extends Pick<TierPlan, 'limit' | 'victims'> {
  /** What lets a tier in mode approve do it; null for one that needs no approval. */
  readonly approval: Approval | null;
}

/** What this tier would do by a fresh diagnosis, or why nothing. */
async function chooseAct(
  incident: Incident,
  tier: TierName,
  snapshot: Snapshot,
  deps: ActDependencies,
): Promise<ChosenAct | string> {
  const { target } = incident;
  const reason = reasonNotToAct(snapshot);
  if (reason) return reason.why;
  const [pauses, past] = await Promise.all([deps.store.pauses.on(target.id), readPast(target.id, incident.id, deps)]);
  const pause = pauseOn(tier, pauses);
  if (pause) return describePause(pause);
  const history = historyOf({ ...past, usedNow: slotsTaken(snapshot) });
  // Pauses of other tiers count too: what such a tier would have ended is left for this one.
  const settings = underPauses({ ...target, policy: withMasterUser(target.policy, history.masterUser) }, pauses);
  // The round has found what is usual, and keeps it for the incident; one of an earlier version has not.
  const before = history.usual === null ? await readBefore(target.id, deps) : {};
  const { plan, pressing, usage } = diagnoseSnapshot(snapshot, settings, history, {
    context: { ...NO_CONTEXT, ...before },
    decidedOn: history.lastCause,
  });
  // Once begun, an incident goes down to the relief level; before that a server under the trigger is left alone.
  if (!pressing && !past.acts.some(hasEffect))
    return `usage has come down to ${percent(usage)} by itself and ordinary clients get in`;
  const own = plan.tiers.find((each) => each.tier === tier);
  if (own === undefined || own.mode === 'observe') return `${tier} is in observe mode`;
  if (!isPlanned(own)) return NOTHING_TO_END;
  if (own.mode === 'approve') return withinApproval(own, past.approvals, deps.now());
  return { limit: own.limit, victims: own.victims, approval: null };
}

/** What the approval of a person covers of the plan of a tier that must ask first, or why nothing. */
function withinApproval(
  { tier, limit, victims }: TierPlan,
  approvals: readonly Approval[],
  now: number,
): ChosenAct | string {
  const approval = usableFor(tier, approvals, now);
  if (approval === null) return `nobody has approved ${tier}, or the approval is used or too old`;
  if (limit !== null && !isLimitAgreed(limit, approval.plan))
    return 'the approval does not cover the limit that is needed now';
  // What has grown since the plan was found covered waits for the next question.
  const agreed = { limit, victims: withinAgreed(victims, approval.plan), approval };
  return isPlanned(agreed) ? agreed : `${NOTHING_TO_END} that the approval covers`;
}
