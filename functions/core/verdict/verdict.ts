import { causeWords } from '../cause/find-cause.ts';
import { summarisePlan } from '../plan/plan-summary.ts';
import { isPlanned, type TierPlan } from '../plan/tier-plan.ts';
import { PATIENCE_MS } from '../plan/stages.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import { describePause, fullPause } from '../policy/pause.ts';
import type { Policy } from '../policy/policy.ts';
import { permissionFor, waitedForPeopleMs } from '../record/approval.ts';
import { adviceOnLockTaken, lockHolderIn, reasonNotToAct, type ReasonNotToAct } from '../server/readiness.ts';
import { explainCanary, explainRefusal } from '../server/refusal.ts';
import { isRefusedAsFull, type Refusal, type Snapshot } from '../server/snapshot.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { configuredPercent, percent } from '../words/percent.ts';
import { printable } from '../words/printable.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Situation, Verdict } from './situation.ts';
import {
  adviceFor,
  describePlan,
  describeSoon,
  describeSkipped,
  describeTier,
  describeWish,
  nothingLeft,
  reachedBudgets,
  whyNoMore,
} from './words.ts';

/** Rounds in a row with nothing to do before a person is paged: ended sessions may take a moment to disappear. */
const EMPTY_ROUNDS = 3;
/**
 * While clients are refused: for suspects that are old enough within this time, nobody is paged yet; after a page they
 * are still ended.
 */
const LONGEST_WAIT_MS = 60_000;

/**
 * What to do when the worker did not get in. Never silence: a person is notified of the reason and of what to grant.
 */
export function judgeRefusal(refusal: Refusal, waitedMs: number, situation: Situation): Verdict {
  const outOfTime = boundReached(situation);
  if (refusal.kind === 'starting' && !outOfTime) {
    return { next: 'settle', why: 'the server is starting; trying again' };
  }
  const { why, advice } = explainRefusal(refusal, { ...situation.incident.target, waitedMs });
  return { next: 'escalate', why, advice };
}

/** What to do about a snapshot. The first rule that applies decides; their order is that of the code. */
export function judgeSnapshot(snapshot: Snapshot, diagnosis: Diagnosis, situation: Situation): Verdict {
  const canaryFault = faultOf(snapshot);
  if (!diagnosis.pressing) {
    if (canaryFault !== null) return { next: 'escalate', ...canaryFault };
    const calm = judgeCalm(diagnosis, situation);
    if (calm !== null) return calm;
  }

  const obstacle = reasonNotToAct(snapshot);
  if (obstacle?.kind === 'may-not') {
    const advice = [
      ...snapshot.visibility.missing.map((grant) => `run as an administrator: ${grant}`),
      ...(snapshot.visibility.missing.length > 0 ? [] : ['let the responder read that: `headroom doctor` checks it']),
    ];
    return { next: 'escalate', why: obstacle.why, advice };
  }

  const observed = reasonToObserve(obstacle, diagnosis, situation);
  if (observed)
    return { next: 'close', outcome: 'observed', why: `${observed}; ${describePlan(diagnosis.plan.tiers)}` };

  const stop = boundReached(situation) ?? guardAgainstHarm(diagnosis, situation);
  if (stop) return { next: 'escalate', why: stop, advice: adviceFor(diagnosis, situation) };
  const refused = whyRefused(snapshot, situation);
  if (refused) return { next: 'escalate', ...refused, advice: [...refused.advice, ...adviceFor(diagnosis, situation)] };

  if (obstacle) {
    const holder = lockHolderIn(snapshot);
    const isPassing = holder === null || obstacle.kind !== 'lock-taken' || situation.emptyRounds === 0;
    if (isPassing) return { next: 'settle', why: obstacle.why };
    return { next: 'escalate', why: obstacle.why, advice: adviceOnLockTaken(holder, snapshot.server.engine) };
  }

  const acting = firstToAct(diagnosis.plan.tiers);
  if (acting) {
    const need = count(diagnosis.plan.need, 'slot');
    const why = `${describeTier(acting)} (${causeWords(diagnosis.cause.name)}); ${need} must come free`;
    return acting.mode === 'act' ? { next: acting.tier, why } : judgeAsking(acting, why, diagnosis, situation);
  }
  const usage = percent(diagnosis.usage);
  if (situation.limited.length > 0 && reachedBudgets(diagnosis.plan).length === 0) {
    const why = `usage is ${usage}; under the temporary limit, busy sessions end and no new ones take their place`;
    return { next: 'settle', why };
  }
  const { soon } = diagnosis.plan;
  // Those that are used again and again never grow old enough.
  const waitedMs = situation.emptyRounds * situation.incident.target.policy.loop.settleSeconds * 1000;
  const longestMs = isRefusedAsFull(snapshot.canary) ? LONGEST_WAIT_MS : PATIENCE_MS;
  if (soon !== null && soon.inMs <= longestMs && waitedMs <= soon.ageMs)
    return { next: 'settle', why: `usage is ${usage}; ${describeSoon(soon)}` };
  if (situation.emptyRounds + 1 < EMPTY_ROUNDS) {
    const then = situation.incident.escalation === null ? ' before a person is paged' : '';
    return { next: 'settle', why: `nothing may be ended at ${usage}; checking again${then}` };
  }
  return { next: 'escalate', why: nothingLeft(diagnosis, usage), advice: adviceFor(diagnosis, situation) };
}

/**
 * What to do while usage is under the trigger and ordinary clients get in; null when there is still something to do.
 */
function judgeCalm(diagnosis: Diagnosis, situation: Situation): Verdict | null {
  const { usage, plan } = diagnosis;
  const { incident, hasActed, now } = situation;
  const { policy } = incident.target;
  const mayAct = plan.tiers.some((tier) => tier.mode === 'act' && isPlanned(tier));
  // What filled the server goes on: what is old enough of it goes before clients are refused again, but no budget is
  // spent on a few slots.
  const isHalfway = usage >= (policy.reliefPercent + policy.triggerPercent) / 2;
  if (incident.reliefAt !== null) {
    if (mayAct && isHalfway) return null;
    return judgeHeldRelief(diagnosis, now - incident.reliefAt, policy);
  }
  if (plan.need === 0) {
    return {
      next: 'confirm',
      outcome: hasActed ? 'relieved' : 'not-needed',
      why: `usage ${percent(usage)} is at or under the relief level of ${configuredPercent(policy.reliefPercent)}`,
    };
  }
  if (hasActed) {
    // Nobody is paged for the last few slots: clients get in, and what is left is as usual or beyond the budgets.
    if (isHalfway && plan.tiers.some((tier) => tier.mode !== 'observe' && isPlanned(tier))) return null;
    const why = `usage ${percent(usage)} is under the trigger and ordinary clients get in; ${whyNoMore(plan)}`;
    return { next: 'confirm', outcome: 'relieved', why };
  }
  const why = `usage ${percent(usage)} is under the trigger of ${configuredPercent(policy.triggerPercent)}`;
  return { next: 'confirm', outcome: 'not-needed', why: `${why} and ordinary clients get in` };
}

/**
 * The first tier that has something to do. Headroom waits for no answer while it can act without one; but where a limit
 * is what helps, nothing else would help before it.
 */
function firstToAct(tiers: readonly TierPlan[]): TierPlan | undefined {
  const planned = tiers.filter((tier) => tier.mode !== 'observe' && isPlanned(tier));
  const [first] = planned;
  return first !== undefined && tierNamed(first.tier).setsLimit
    ? first
    : (planned.find(({ mode }) => mode === 'act') ?? first);
}

/**
 * A tier that asks first: it acts if an approval covers the plan; otherwise it asks or, if it may not, pages a person.
 */
function judgeAsking(tier: TierPlan, why: string, diagnosis: Diagnosis, situation: Situation): Verdict {
  const question = summarisePlan(tier, diagnosis.plan.need);
  const permission = permissionFor(question, situation.approvals, situation.now, situation.incident.acknowledgement);
  switch (permission.kind) {
    case 'granted':
      return { next: tier.tier, why: `${why}; ${permission.why}` };
    case 'ask':
      // No one is woken for what may be gone in the next round.
      if (!diagnosis.pressing && situation.emptyRounds + 1 < EMPTY_ROUNDS) {
        const usage = percent(diagnosis.usage);
        return { next: 'settle', why: `usage is ${usage}, under the trigger; checking again before a person is asked` };
      }
      return { next: 'ask', question, why: permission.why === '' ? why : `${why}; ${permission.why}` };
    case 'none':
      return {
        next: 'escalate',
        why: `${permission.why}, so nothing was done: ${tier.tier} would ${describeWish(tier)}`,
        advice: [
          `decide about ${tier.tier}; its consequence: ${tierNamed(tier.tier).consequence}`,
          ...adviceFor(diagnosis, situation),
        ],
      };
  }
}

/** What to do when a bad sample follows a good snapshot: another round, if the bounds allow one. */
export function judgeUnconfirmed(why: string, diagnosis: Diagnosis, situation: Situation): Verdict {
  const bound = boundReached(situation);
  const unconfirmed = `relief not confirmed: ${why}`;
  if (bound === null) return { next: 'settle', why: unconfirmed };
  return { next: 'escalate', why: `${bound}; ${unconfirmed}`, advice: adviceFor(diagnosis, situation) };
}

/** Relief holds while usage stays under the trigger; only climbing over it again is a rebound. */
function judgeHeldRelief({ usage, departures }: Diagnosis, heldMs: number, { triggerPercent, loop }: Policy): Verdict {
  const level = `usage ${percent(usage)} is under the trigger of ${configuredPercent(triggerPercent)}`;
  const why = `${level}; relief has held for ${inWords(heldMs)}`;
  if (heldMs >= loop.holdSeconds * 1000) return { next: 'close', outcome: 'relieved', why };
  const closely = departures.suspects.size > 0;
  return { next: 'watch', closely, why: `${why} of ${inWords(loop.holdSeconds * 1000)}` };
}

/** If acting makes things worse, or is needed again and again, a person must decide how to go on. */
function guardAgainstHarm({ cause }: Diagnosis, situation: Situation): string | null {
  if (situation.isWorsening)
    return 'the last two acts each left more slots taken than before, so Headroom stops acting';
  const { maxIncidents } = situation.incident.target.policy.flap;
  const incidents = situation.actedLately[cause.name] ?? 0;
  if (incidents < maxIncidents) return null;
  return (
    `${count(incidents, 'incident')} with this cause within the last hour, relieved by ending sessions; ` +
    'once more would only treat the symptom'
  );
}

/** What the server refuses as a whole it refuses again; a person hears of it at once, and other tiers go on after that. */
function whyRefused(
  { visibility }: Snapshot,
  { refused, incident }: Situation,
): { readonly why: string; readonly advice: readonly string[] } | null {
  if (refused === null || incident.escalation !== null) return null;
  return {
    why: `${refused.tier} was refused as a whole: ${printable(refused.words, 200)}`,
    advice: [
      ...visibility.missing.map((grant) => `run as an administrator: ${grant}`),
      'find out what refuses it: `headroom doctor` tries every right that Headroom needs',
    ],
  };
}

function boundReached({ incident, countedRounds, now, approvals }: Situation): string | null {
  // They bound what goes on before a person knows of it.
  if (incident.escalation !== null) return null;
  const { maxRounds, maxMinutes } = incident.target.policy.loop;
  const workedMs = now - incident.openedAt - waitedForPeopleMs(approvals, now);
  if (countedRounds >= maxRounds) return `no relief after ${count(maxRounds, 'round')}`;
  if (workedMs >= maxMinutes * 60_000) return `no relief after ${count(maxMinutes, 'minute')}`;
  return null;
}

/** A canary that fails for another reason than full slots says nothing about them, so relief cannot be confirmed. */
function faultOf({ canary, server }: Snapshot): { why: string; advice: readonly string[] } | null {
  if (canary.result !== 'refused' || canary.refusal.kind === 'full') return null;
  const { why, advice } = explainCanary(canary.refusal, server.engine);
  return { why: `${why}, so relief cannot be confirmed`, advice };
}

/** Why Headroom only observes; null when it may act. */
function reasonToObserve(
  obstacle: ReasonNotToAct | null,
  { plan }: Diagnosis,
  { pauses, hasActed }: Situation,
): string | null {
  const pause = fullPause(pauses);
  if (pause) return describePause(pause);
  if (obstacle?.kind === 'untested') return obstacle.why;
  if (plan.tiers.every((tier) => tier.mode === 'observe')) {
    return pauses.length === 0
      ? 'the target is in observe mode'
      : `no tier may act: ${describeSkipped(plan.tiers, pauses)}`;
  }
  const isActing = plan.tiers.some((tier) => tier.mode !== 'observe' && isPlanned(tier));
  // Where only a limit would help and may not be set, a person is paged to decide about it.
  const helpful = plan.tiers.filter((tier) => tier.mode === 'observe' && isPlanned(tier) && tier.limit === null);
  // An incident that has begun to act and is stuck needs a person; the page names these tiers too.
  if (isActing || helpful.length === 0 || hasActed) return null;
  return `no tier that would help may act: ${describeSkipped(helpful, pauses)}`;
}
