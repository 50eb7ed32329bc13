import { adviseOn } from '../core/cause/advice.ts';
import type { CauseFinding } from '../core/cause/finding.ts';
import { slotsNeeded } from '../core/plan/budget.ts';
import { describeSpared } from '../core/plan/spared-samples.ts';
import { countSpared } from '../core/plan/tier-plan.ts';
import { underPauses } from '../core/policy/pause.ts';
import type { Policy } from '../core/policy/policy.ts';
import type { IncidentStore } from '../core/ports/incident-store.ts';
import { LEASE_MS } from '../core/ports/stores/incidents.ts';
import type { WorkerClient } from '../core/ports/worker-client.ts';
import { FenceLost } from '../core/protocol/errors.ts';
import { parseRequest } from '../core/protocol/request.ts';
import { SCHEMA } from '../core/protocol/schema.ts';
import { diagnoseRequest, type DiagnoseResult } from '../core/protocol/steps.ts';
import { countEnded, type Act } from '../core/record/act.ts';
import { deniedTiers, waitMsOf } from '../core/record/approval.ts';
import { hasEffect, historyOf, HOUR_MS, isWorsening, settleAct } from '../core/record/history.ts';
import type { Incident } from '../core/record/incident.ts';
import type { LimitRecord } from '../core/record/limit.ts';
import type { Round } from '../core/record/round.ts';
import { describeAdmission, describeCanary, describeWait } from '../core/server/admission.ts';
import {
  isRefusedAsFull,
  slotsTaken,
  usagePercent,
  type Admission,
  type Sample,
  type Server,
  type Snapshot,
} from '../core/server/snapshot.ts';
import { diagnoseSnapshot as readSnapshot, type Diagnosis } from '../core/verdict/diagnosis.ts';
import type { Situation, Verdict } from '../core/verdict/situation.ts';
import { judgeRefusal, judgeSnapshot, judgeUnconfirmed } from '../core/verdict/verdict.ts';
import { countBy } from '../core/words/count-by.ts';
import { inWords } from '../core/words/in-words.ts';
import { percent } from '../core/words/percent.ts';
import { endQuestions } from '../incident/end-questions.ts';
import { readContext, type ContextDependencies } from './read-context.ts';

export interface DiagnoseDependencies extends ContextDependencies {
  readonly store: ContextDependencies['store'] &
    Pick<IncidentStore, 'incidents' | 'rounds' | 'acts' | 'approvals' | 'limits' | 'pauses'>;
  readonly worker: Pick<WorkerClient, 'snapshot' | 'sample'>;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Waking a reclaimed VPC function takes up to about 90 s; the wait for a freed slot comes on top. */
const WAKE_MS = 120_000;

/**
 * One look: gets in, finds the cause, plans, decides what comes next, and writes all of it to the record. Ends nothing.
 * Throws FenceLost when the incident no longer holds its target, WorkerFault when the worker itself failed.
 */
export async function diagnose(payload: unknown, deps: DiagnoseDependencies): Promise<DiagnoseResult> {
  const { incidentId } = parseRequest(diagnoseRequest, payload);
  const incident = await deps.store.incidents.byId(incidentId);
  if (incident?.status !== 'open') throw new FenceLost(incidentId);
  await deps.store.incidents.holdFence(incident, deps.now() + LEASE_MS);

  // Before the look: an answer is followed by a look, and none comes in during it.
  const approvals = await endQuestions(incident, deps);
  const { target } = incident;
  const patienceMs = target.policy.loop.patienceSeconds * 1000;
  const answer = await deps.worker.snapshot(target.worker, { deadline: deps.now() + patienceMs + WAKE_MS, patienceMs });
  const acts = await readActs(incident, answer.ok ? answer.snapshot : null, deps);
  const rounds = await deps.store.rounds.of(incident.id);
  const usedNow = answer.ok ? slotsTaken(answer.snapshot) : null;
  const situation = { ...(await readSituation(incident, acts, rounds, usedNow, deps)), approvals };

  if (!answer.ok) {
    const verdict = judgeRefusal(answer.refusal, answer.waitedMs, situation);
    return conclude(incident, verdict, deps, {
      acts,
      pauses: situation.pauses,
      round: {
        canary: 'not asked',
        admission: `refused as ${answer.refusal.kind} after ${answer.attempts} tries in ${describeWait(answer.waitedMs)}`,
      },
      refused: answer.refusal.kind === 'full' ? answer.attempts : 0,
      isPressing: answer.refusal.kind === 'full',
    });
  }

  const { snapshot, admission } = answer;
  const lastHour = await deps.store.acts.tallies(target.id, deps.now() - HOUR_MS);
  const context = await readContext(target, deps);
  const limits = await deps.store.limits.of(target.id);
  const history = { ...historyOf(acts, rounds, usedNow, lastHour, limits), denied: deniedTiers(approvals) };
  const diagnosis = readSnapshot(snapshot, underPauses(target, situation.pauses), history, { context });
  const judged = judgeSnapshot(snapshot, diagnosis, situation);
  const { verdict, last, refusals } = await confirmRelief(judged, snapshot, incident, deps, (why) =>
    judgeUnconfirmed(why, diagnosis, { ...situation, now: deps.now() }),
  );
  const { tiers, choice, spared } = diagnosis.plan;
  return conclude(incident, verdict, deps, {
    acts,
    pauses: situation.pauses,
    round: {
      usage: diagnosis.usage,
      used: slotsTaken(snapshot),
      usable: snapshot.limits.usable,
      byState: snapshot.byState,
      canary: describeCanary(snapshot.canary),
      admission: describeArrival(admission, snapshot.server, incident),
      cause: diagnosis.cause,
      planned: Object.fromEntries(tiers.map((tier) => [tier.tier, tier.victims.length])),
      spared: countSpared(spared),
      sparedSamples: describeSpared(spared),
      ...(choice.alone.length > 0 && { choice }),
    },
    ...(isBetterFinding(diagnosis, incident.cause, limits)
      ? { cause: diagnosis.cause, advice: adviseOn(diagnosis.cause.name, diagnosis.facts, target) }
      : {}),
    snapshot,
    admission,
    last,
    refused: refusals + (isRefusedAsFull(snapshot.canary) ? 1 : 0) + admission.refusedAsFull,
    isPressing: diagnosis.pressing,
  });
}

/**
 * The cause is why the slots ran out: the finding under pressure stays, a later look at a calm server does not replace it. A
 * limit of ours holds a storm back, and what it leaves to see looks like something else: then only a surer finding does.
 */
function isBetterFinding(
  { cause, pressing }: Diagnosis,
  before: CauseFinding | null,
  limits: readonly LimitRecord[],
): boolean {
  if (before === null) return true;
  return pressing && (limits.length === 0 || cause.confidence > before.confidence);
}

/** The acts so far; those whose results never came are settled by what the snapshot shows. */
async function readActs(
  { id, target }: Incident,
  snapshot: Snapshot | null,
  { store, now }: DiagnoseDependencies,
): Promise<Act[]> {
  const acts: Act[] = [];
  for (const act of await store.acts.of(id)) {
    // Whoever holds the server's lock may be the worker of this very act, still at it.
    const isOver = snapshot !== null && !snapshot.othersActing;
    const settled = act.finishedAt === null && isOver ? settleAct(act, snapshot, now()) : act;
    if (settled !== act) await store.acts.finish(target.id, settled);
    acts.push(settled);
  }
  return acts;
}

async function readSituation(
  incident: Incident,
  acts: readonly Act[],
  rounds: readonly Round[],
  usedNow: number | null,
  deps: DiagnoseDependencies,
): Promise<Omit<Situation, 'approvals'>> {
  let emptyRounds = 0;
  for (const round of [...rounds].reverse()) {
    if (round.next !== 'settle') break;
    emptyRounds++;
  }
  return {
    incident,
    now: deps.now(),
    pauses: await deps.store.pauses.on(incident.target.id),
    emptyRounds,
    countedRounds: rounds.filter(({ next }) => next !== 'watch').length,
    hasActed: acts.some(hasEffect),
    limited: acts.flatMap(({ limit }) => (limit?.result === 'done' ? [limit] : [])),
    isWorsening: isWorsening(acts, rounds, usedNow),
    actedLately: await countActedLately(incident, deps),
  };
}

/** Far more incidents than a target can have within an hour. */
const LATELY = 60;

async function countActedLately({ id, target }: Incident, { store, now }: DiagnoseDependencies) {
  const earlier = (await store.incidents.listByTarget(target.id, LATELY)).filter(
    (other) =>
      other.id !== id && other.call === null && other.firstActionAt !== null && now() - other.firstActionAt < HOUR_MS,
  );
  return Object.fromEntries(countBy(earlier, ({ cause }) => cause?.name ?? 'unclear'));
}

/** Relief is several good samples running; the snapshot was the first. One bad sample means another round. */
async function confirmRelief(
  judged: Verdict,
  snapshot: Snapshot,
  incident: Incident,
  deps: DiagnoseDependencies,
  unconfirmed: (why: string) => Verdict,
) {
  let last: Sample = snapshot;
  if (judged.next !== 'confirm') return { verdict: judged, last, refusals: 0 };
  const { policy } = incident.target;
  const { loop } = policy;
  for (let good = 1; good < loop.reliefSamples; good++) {
    await deps.sleep(loop.reliefSpacingSeconds * 1000);
    const answer = await deps.worker.sample(incident.target.worker, { deadline: deps.now() + 10_000 });
    if (!answer.ok) {
      return { verdict: unconfirmed(`a sample was refused as ${answer.refusal.kind}`), last, refusals: 1 };
    }
    last = answer.sample;
    if (slotsNeeded(last, policy) > 0 || last.canary.result === 'refused') {
      const why = `usage ${percent(usagePercent(last))}, canary ${describeCanary(last.canary)}`;
      return { verdict: unconfirmed(why), last, refusals: isRefusedAsFull(last.canary) ? 1 : 0 };
    }
  }
  const held = `${judged.why}, ${loop.reliefSamples} samples running, ${loop.reliefSpacingSeconds} s apart`;
  const proof =
    last.canary.result === 'unknown'
      ? 'whether ordinary clients get in is unknown: no canary is configured'
      : 'ordinary clients get in';
  return { verdict: { ...judged, why: `${held}; ${proof}` }, last, refusals: 0 };
}

interface Findings {
  readonly acts: readonly Act[];
  readonly pauses: Incident['pauses'];
  readonly round: Partial<Round> & Pick<Round, 'canary' | 'admission'>;
  readonly cause?: Incident['cause'];
  readonly advice?: Incident['advice'];
  readonly snapshot?: Snapshot;
  readonly admission?: Admission;
  readonly last?: Sample;
  readonly refused: number;
  /** Clients are refused, or usage is at the trigger. */
  readonly isPressing: boolean;
}

/** Writes the round and the incident, and says where the workflow goes. */
async function conclude(
  incident: Incident,
  verdict: Verdict,
  deps: DiagnoseDependencies,
  found: Findings,
): Promise<DiagnoseResult> {
  const at = deps.now();
  const round = incident.rounds + 1;
  const isRebound = incident.reliefAt !== null && found.isPressing;
  const rebounds = incident.rebounds + (isRebound ? 1 : 0);
  const { next, why } = namingRebounds(verdict, rebounds, incident.target.policy);
  await deps.store.rounds.put({
    incidentId: incident.id,
    round,
    at,
    usage: null,
    used: null,
    usable: null,
    byState: {},
    cause: null,
    planned: {},
    spared: {},
    sparedSamples: {},
    ...(verdict.next === 'ask' && { question: verdict.question }),
    ...found.round,
    next,
    why,
  });
  const usageNow = found.last ? usagePercent(found.last) : null;
  const usageSeen = found.round.usage ?? null;
  await deps.store.incidents.change(
    incident.id,
    {
      rounds: round,
      // Anew each time: an act that was settled late counts too.
      endedCount: countEnded(found.acts),
      refused: incident.refused + found.refused,
      pauses: found.pauses,
      usageBefore: incident.usageBefore ?? usageSeen,
      usageAfter: usageNow,
      usagePeak: Math.max(incident.usagePeak ?? 0, usageSeen ?? 0) || null,
      ...(found.snapshot && { serverVersion: found.snapshot.server.version }),
      ...(found.snapshot && { serverIdentity: found.snapshot.server.identity }),
      ...(found.admission && !incident.admission && { admission: found.admission }),
      ...(found.cause && { cause: found.cause }),
      ...(found.advice && { advice: found.advice }),
      ...(found.round.spared && { spared: found.round.spared }),
      rebounds,
      ...(isRebound && { reliefAt: null }),
      ...(verdict.next === 'confirm' && verdict.outcome === 'relieved' && { reliefAt: at }),
      ...(verdict.next === 'escalate' && { escalation: { reason: why, advice: verdict.advice } }),
    },
    verdict.next === 'escalate' ? 'escalated' : undefined,
  );
  return {
    schema: SCHEMA,
    incidentId: incident.id,
    round,
    next,
    outcome: 'outcome' in verdict ? verdict.outcome : 'escalated',
    settleSeconds: incident.target.policy.loop.settleSeconds,
    watchSeconds: incident.target.policy.loop.watchSeconds,
    // A second longer than the question stands, which counts from this round.
    waitSeconds: Math.ceil(waitMsOf(incident.target.policy) / 1000) + 1,
    error: null,
  };
}

/** Where the workflow goes, and why in words that own up to earlier relief that did not last. */
function namingRebounds(
  verdict: Verdict,
  rebounds: number,
  { loop }: Policy,
): Pick<DiagnoseResult, 'next'> & { why: string } {
  const again = rebounds === 0 ? '' : `rebound ${rebounds}: usage climbed over the trigger again after relief; `;
  if (verdict.next !== 'confirm')
    return { next: verdict.next, why: verdict.next === 'watch' ? verdict.why : again + verdict.why };
  const holds = verdict.outcome === 'relieved' && loop.holdSeconds > 0;
  return holds
    ? { next: 'watch', why: `${verdict.why}; watching for ${inWords(loop.holdSeconds * 1000)} whether it holds` }
    : { next: 'close', why: verdict.why };
}

/** How it got in, and whether that is still the server of the round before. */
function describeArrival(admission: Admission, { identity, readOnly }: Server, { serverIdentity }: Incident): string {
  const isOther = serverIdentity !== null && serverIdentity !== identity;
  return [
    describeAdmission(admission),
    ...(isOther ? ['the server has restarted or failed over since the last look'] : []),
    ...(readOnly ? ['the server is read-only: a reader or standby'] : []),
  ].join('; ');
}
