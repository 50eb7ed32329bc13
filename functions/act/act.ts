import { isLimitAgreed, withinAgreed } from '../core/plan/plan-summary.ts';
import { isPlanned, type TierPlan } from '../core/plan/tier-plan.ts';
import { describePause, pauseOn, underPauses } from '../core/policy/pause.ts';
import type { TierName } from '../core/policy/tier-names.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { FenceLost } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { actRequest, type ActResult } from '../core/protocol/steps.ts';
import { deniedTiers, usableFor, type Approval } from '../core/record/approval.ts';
import { hasEffect, historyOf, HOUR_MS } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import { barToActing } from '../core/server/readiness.ts';
import { slotsTaken, type Snapshot } from '../core/server/snapshot.ts';
import { diagnoseSnapshot as readSnapshot } from '../core/verdict/diagnosis.ts';
import { percent } from '../core/words/percent.ts';
import { carryOut } from '../incident/carry-out.ts';
import { describeUnset } from '../incident/set-limit.ts';

export interface ActDependencies {
  readonly store: Pick<IncidentStore, 'incidents' | 'rounds' | 'acts' | 'approvals' | 'limits' | 'pauses'>;
  readonly worker: Pick<WorkerClient, 'snapshot' | 'end' | 'limit'>;
  readonly now: () => number;
}

/** Getting in must be quick here: Diagnose has just been in, and what it saw must not grow old. */
const PATIENCE_MS = 10_000;

/**
 * One act of one tier: looks anew, chooses from that very look, writes down whom it means to end, has them ended, writes
 * down what became of each. Where a limit on a user comes first, nobody is ended unless the server has it. Acts at most once a round. Throws FenceLost or ActRepeated before anything ends; a WorkerFault
 * leaves the act unfinished on record, and it counts in full until the next snapshot settles it.
 */
export async function act(payload: unknown, deps: ActDependencies): Promise<ActResult> {
  const { incidentId, round, tier } = parseRequest(actRequest, payload);
  const incident = await deps.store.incidents.byId(incidentId);
  if (incident?.status !== 'open') throw new FenceLost(incidentId);
  const { target } = incident;
  const held = (why: string): ActResult => ({ tier, round, held: why, counts: {} });

  await deps.store.incidents.holdFence(incident, deps.now() + LEASE_MS);
  const look = await deps.worker.snapshot(target.worker, {
    deadline: deps.now() + PATIENCE_MS + 20_000,
    patienceMs: PATIENCE_MS,
  });
  if (!look.ok) return held(`refused as ${look.refusal.kind}`);
  const seenAt = deps.now();

  const chosen = await chooseAct(incident, tier, look.snapshot, deps);
  if (typeof chosen === 'string') return held(chosen);
  const { approval, ...decided } = chosen;

  // Read last, right before the act, which then holds the fence: what came while we looked must hold us back.
  const pause = pauseOn(tier, await deps.store.pauses.on(target.id));
  if (pause) return held(describePause(pause));
  // A yes is good for one act, whoever else may hold it.
  if (approval && !(await deps.store.approvals.use(approval, { round, at: deps.now() })))
    return held('the approval has been used or is too old');
  const { act: carried, counts, refusal } = await carryOut(incident, { round, tier, ...decided, seenAt }, deps);
  if (carried.limit !== null && carried.limit.result !== 'done')
    return { tier, round, held: describeUnset(carried.limit), counts };
  return { tier, round, held: refusal === null ? null : `refused as ${refusal.kind}`, counts };
}

interface Choice extends Pick<TierPlan, 'limit' | 'victims'> {
  /** What lets a tier in mode approve do it; null for one that needs nobody's yes. */
  readonly approval: Approval | null;
}

/** What this tier would do by a fresh diagnosis, or why nothing. */
async function chooseAct(
  incident: Incident,
  tier: TierName,
  snapshot: Snapshot,
  { store, now }: ActDependencies,
): Promise<Choice | string> {
  const { target } = incident;
  const bar = barToActing(snapshot);
  if (bar) return bar.why;
  // Those of other tiers count too: what such a tier would have ended is left for this one.
  const pauses = await store.pauses.on(target.id);
  const pause = pauseOn(tier, pauses);
  if (pause) return describePause(pause);
  const acts = await store.acts.of(incident.id);
  const approvals = await store.approvals.of(incident.id);
  const history = historyOf(
    acts,
    await store.rounds.of(incident.id),
    slotsTaken(snapshot),
    await store.acts.tallies(target.id, now() - HOUR_MS),
    await store.limits.of(target.id),
  );
  const decided = { ...history, denied: deniedTiers(approvals) };
  const { plan, pressing, usage } = readSnapshot(snapshot, underPauses(target, pauses), decided, {
    decidedOn: decided.lastCause,
  });
  // Once begun, an incident goes down to the relief level; before that a server under the trigger is left alone.
  if (!pressing && !acts.some(hasEffect))
    return `usage has come down to ${percent(usage)} by itself and ordinary clients get in`;
  const own = plan.tiers.find((each) => each.tier === tier);
  if (own === undefined || own.mode === 'observe') return `${tier} is in observe mode`;
  if (!isPlanned(own)) return 'a fresh look finds nobody to end';
  const { limit, victims } = own;
  if (own.mode === 'act') return { limit, victims, approval: null };
  const approval = usableFor(tier, approvals, now());
  if (approval === null) return `nobody has approved ${tier}, or the approval is used or too old`;
  if (limit !== null && !isLimitAgreed(limit, approval.plan))
    return 'the approval does not cover the limit that is needed now';
  // What has grown since the look that found the plan covered waits for the next question.
  const agreed = { limit, victims: withinAgreed(victims, approval.plan), approval };
  return isPlanned(agreed) ? agreed : 'a fresh look finds nobody to end whom the approval covers';
}
