import { NO_CONTEXT, type Context } from '../../functions/core/cause/facts.ts';
import type { CauseFinding } from '../../functions/core/cause/finding.ts';
import { isPlanned, type TierPlan } from '../../functions/core/plan/tier-plan.ts';
import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import { policy } from '../../functions/core/policy/policy.ts';
import type { TierName } from '../../functions/core/policy/tier-names.ts';
import type { Act } from '../../functions/core/record/act.ts';
import { hasEffect, historyOf, isWorsening, NO_PAST, type Past } from '../../functions/core/record/history.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import { countRounds, type Round } from '../../functions/core/record/round.ts';
import { slotsTaken, type Snapshot } from '../../functions/core/server/snapshot.ts';
import { keepUsual } from '../../functions/core/usual/keep-usual.ts';
import { judgeAfterPage } from '../../functions/core/verdict/after-page.ts';
import { readActedOn } from '../../functions/core/verdict/acted-on.ts';
import { betterFinding } from '../../functions/core/verdict/better-finding.ts';
import { diagnoseSnapshot, type Diagnosis } from '../../functions/core/verdict/diagnosis.ts';
import type { Situation, Verdict } from '../../functions/core/verdict/situation.ts';
import { judgeSnapshot } from '../../functions/core/verdict/verdict.ts';
import { aTarget } from '../../test/support/a-session.ts';
import { anIncident } from '../../test/support/an-incident.ts';

/** All that the model run knows of Headroom's judgement, in one place. */

export const POLICY = policy.parse({});
const TARGET = aTarget({ policy: POLICY, mode: 'act' });
const SETTINGS = { policy: POLICY, mode: 'act' as const };

export const LOOP = POLICY.loop;

/** What an open incident keeps between its rounds. */
export interface Memory {
  readonly openedAt: number;
  /** What is known besides snapshots. */
  readonly context: Context;
  readonly rounds: Round[];
  readonly acts: Act[];
  cause: CauseFinding | null;
  reliefAt: number | null;
  rebounds: number;
  escalation: Incident['escalation'];
}

export function openMemory(openedAt: number, context: Partial<Context>): Memory {
  return {
    openedAt,
    context: { ...NO_CONTEXT, ...context },
    rounds: [],
    acts: [],
    cause: null,
    reliefAt: null,
    rebounds: 0,
    escalation: null,
  };
}

export interface Judged {
  readonly diagnosis: Diagnosis;
  readonly verdict: Verdict;
}

/** One round, as the step Diagnose makes it, without the samples that confirm relief. */
export function judge(snapshot: Snapshot, memory: Memory, now: number): Judged {
  const past = pastOf(memory);
  const history = historyOf({ ...past, usedNow: slotsTaken(snapshot) });
  const diagnosis = diagnoseSnapshot(snapshot, SETTINGS, history, { context: memory.context });
  const situation = situationOf(snapshot, memory, now);
  const look = { snapshot, pressing: diagnosis.pressing, soon: diagnosis.plan.soon };
  return { diagnosis, verdict: judgeAfterPage(judgeSnapshot(snapshot, diagnosis, situation), look, situation) };
}

/** Puts a round on record, with the verdict as it is after relief was confirmed or not. */
export function record(memory: Memory, { diagnosis, verdict }: Judged, snapshot: Snapshot, at: number): void {
  if (memory.reliefAt !== null && diagnosis.pressing) {
    memory.reliefAt = null;
    memory.rebounds++;
  }
  if (verdict.next === 'confirm' && verdict.outcome === 'relieved') memory.reliefAt = at;
  if (verdict.next === 'escalate') {
    const { page, advice, why } = verdict;
    const paged = page === undefined ? {} : { state: page.state, staysUntil: page.staysUntil };
    const changed = memory.escalation === null ? {} : { changedAt: at };
    memory.escalation = { reason: why, advice, at: memory.escalation?.at ?? at, ...paged, ...changed };
  }
  const { departures } = diagnosis;
  const isKnown = memory.rounds.some((round) => round.usual !== undefined) || departures.usual.basis === 'none';
  memory.rounds.push({
    ...(!isKnown && { usual: keepUsual(departures, snapshot) }),
    incidentId: 'strange',
    round: memory.rounds.length + 1,
    at,
    usage: diagnosis.usage,
    used: slotsTaken(snapshot),
    usable: snapshot.limits.usable,
    byState: snapshot.byState,
    canary: snapshot.canary.result,
    admission: '',
    cause: diagnosis.cause,
    next: verdict.next === 'confirm' ? (verdict.outcome === 'relieved' ? 'watch' : 'close') : verdict.next,
    why: verdict.why,
    planned: {},
    spared: {},
    sparedSamples: {},
    ...(diagnosis.plan.soon !== null && { soon: diagnosis.plan.soon }),
  });
  const better = betterFinding({ cause: diagnosis.cause, advice: [] }, memory.cause, {
    pressing: diagnosis.pressing,
    hasActed: memory.acts.some(hasEffect),
    actedOn: readActedOn({ ...pastOf(memory), usedNow: slotsTaken(snapshot) }, causeOf(memory)),
    cameBack: diagnosis.facts.returns.vainSince !== null,
  });
  if (better !== null) memory.cause = better.cause;
}

/**
 * Relief that holds needs no judgement: until it has held for long enough, the verdict is to watch, whatever the
 * diagnosis says. That saves most of a model run's time.
 */
export function watchesRelief({ reliefAt }: Memory, usage: number, now: number): boolean {
  const middle = (POLICY.reliefPercent + POLICY.triggerPercent) / 2;
  return reliefAt !== null && usage < middle && now - reliefAt < 1_000 * LOOP.holdSeconds;
}

/** What one tier would do by a fresh snapshot, as the step Act chooses it; null when nothing. */
export function chooseVictims(tier: TierName, snapshot: Snapshot, memory: Memory): TierPlan | null {
  const past = pastOf(memory);
  const history = historyOf({ ...past, usedNow: slotsTaken(snapshot) });
  const { plan, pressing } = diagnoseSnapshot(snapshot, SETTINGS, history, { decidedOn: history.lastCause });
  if (!pressing && !past.acts.some(hasEffect)) return null;
  const own = plan.tiers.find((each) => each.tier === tier);
  return own?.mode === 'act' && isPlanned(own) ? own : null;
}

/** Puts an act on record: every victim was ended, or its query cancelled. */
export function recordAct(memory: Memory, plan: TierPlan, startedAt: number, finishedAt: number): void {
  memory.acts.push({
    incidentId: 'strange',
    round: memory.rounds.length,
    tier: plan.tier,
    startedAt,
    finishedAt,
    counted: plan.victims.length,
    limit: null,
    victims: plan.victims.map(({ session, method, reason }) => {
      const { identity, user, application, database, client, connectedMs } = session;
      const result = method === 'cancel' ? 'cancelled' : 'ended';
      return { identity, user, application, database, client, connectedMs, method, reason, result, detail: '' };
    }),
  });
}

/** What a person reads at the end. */
export function causeOf({ cause }: Memory): CauseName | null {
  return cause?.name ?? null;
}

function pastOf({ rounds, acts }: Memory): Past {
  return { ...NO_PAST, rounds, acts, lastHour: acts };
}

function situationOf(snapshot: Snapshot, memory: Memory, now: number): Situation {
  const { rounds, acts } = memory;
  return {
    incident: incidentOf(memory),
    now,
    pauses: [],
    ...countRounds(rounds),
    hasActed: acts.some(hasEffect),
    limited: [],
    // No pretended server refuses.
    refused: null,
    isWorsening: isWorsening({ ...pastOf(memory), usedNow: slotsTaken(snapshot) }),
    actedLately: {},
    approvals: [],
  };
}

/** The verdict reads little of it. */
function incidentOf({ openedAt, reliefAt, rebounds, rounds, escalation }: Memory): Incident {
  return anIncident({ target: TARGET, openedAt, reliefAt, rebounds, rounds: rounds.length, escalation });
}
