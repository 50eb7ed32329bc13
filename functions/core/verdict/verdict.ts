import { causeWords } from '../cause/find-cause.ts';
import { summarisePlan } from '../plan/plan-summary.ts';
import { isPlanned, type TierPlan } from '../plan/tier-plan.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import { describePause, fullPause } from '../policy/pause.ts';
import type { Policy } from '../policy/policy.ts';
import { permissionFor, waitedForPeopleMs } from '../record/approval.ts';
import { reasonNotToAct, type ReasonNotToAct } from '../server/readiness.ts';
import { explainRefusal } from '../server/refusal.ts';
import type { Canary, Refusal, Snapshot } from '../server/snapshot.ts';
import { inWords } from '../words/in-words.ts';
import { percent } from '../words/percent.ts';
import { printable } from '../words/printable.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Situation, Verdict } from './situation.ts';
import {
  adviceFor,
  describeHeld,
  describePlan,
  describeTier,
  describeWish,
  nothingLeft,
  reachedBudgets,
} from './words.ts';

/** Looks in a row that find nothing to do before a person is paged: what was ended may take a moment to show. */
const EMPTY_ROUNDS = 3;

/** What to do when the worker did not get in. Never silence: a person hears what is in the way and what to grant. */
export function judgeRefusal(refusal: Refusal, waitedMs: number, situation: Situation): Verdict {
  const outOfTime = boundReached(situation);
  if (refusal.kind === 'starting' && !outOfTime) {
    return { next: 'settle', why: 'the server is starting; looking again' };
  }
  const { why, advice } = explainRefusal(refusal, { ...situation.incident.target, waitedMs });
  return { next: 'escalate', why, advice };
}

/** What to do about a snapshot. The first rule that applies decides; the order is the order of this function. */
export function judgeSnapshot(snapshot: Snapshot, diagnosis: Diagnosis, situation: Situation): Verdict {
  const { policy } = situation.incident.target;
  const usage = Math.round(diagnosis.usage);
  const { canary } = snapshot;
  const canaryFault = faultOf(canary);

  if (!diagnosis.pressing && canaryFault === null) {
    const { reliefAt } = situation.incident;
    if (reliefAt !== null) return judgeHeldRelief(usage, situation.now - reliefAt, policy);
    if (diagnosis.plan.need === 0) {
      return {
        next: 'confirm',
        outcome: situation.hasActed ? 'relieved' : 'not-needed',
        why: `usage ${usage}% is at or under the relief level of ${percent(policy.reliefPercent)}`,
      };
    }
    if (!situation.hasActed) {
      return {
        next: 'close',
        outcome: 'not-needed',
        why: `usage ${usage}% is under the trigger of ${percent(policy.triggerPercent)} and ordinary clients get in`,
      };
    }
  }
  if (canaryFault !== null && !diagnosis.pressing) return { next: 'escalate', ...canaryFault };

  const obstacle = reasonNotToAct(snapshot);
  if (obstacle?.kind === 'may-not') {
    const advice = snapshot.visibility.missing.map((grant) => `run as an administrator: ${grant}`);
    return { next: 'escalate', why: obstacle.why, advice };
  }

  const hold = holdReason(obstacle, diagnosis, situation);
  if (hold) return { next: 'close', outcome: 'observed', why: `${hold}; ${describePlan(diagnosis.plan.tiers)}` };

  const stop = boundReached(situation) ?? guardAgainstHarm(diagnosis, situation);
  if (stop) return { next: 'escalate', why: stop, advice: adviceFor(diagnosis, situation) };

  if (obstacle) return { next: 'settle', why: obstacle.why };

  const acting = firstToGo(diagnosis.plan.tiers);
  if (acting) {
    const why = `${describeTier(acting)} (${causeWords(diagnosis.cause.name)}); ${diagnosis.plan.need} slots must come free`;
    return acting.mode === 'act' ? { next: acting.tier, why } : judgeAsking(acting, why, diagnosis, situation);
  }
  if (situation.limited.length > 0 && reachedBudgets(diagnosis.plan).length === 0) {
    const why = `usage is ${usage}%; under the temporary limit sessions that are busy leave, and nobody takes their place`;
    return { next: 'settle', why };
  }
  if (situation.emptyRounds + 1 < EMPTY_ROUNDS) {
    return { next: 'settle', why: `nothing may be ended at ${usage}%; looking again before a person is paged` };
  }
  return { next: 'escalate', why: nothingLeft(diagnosis, usage), advice: adviceFor(diagnosis, situation) };
}

/**
 * The first that has something to do. Nobody is waited for while something may be done without asking; only where a limit is
 * what helps, all else would be in vain before it.
 */
function firstToGo(tiers: readonly TierPlan[]): TierPlan | undefined {
  const planned = tiers.filter((tier) => tier.mode !== 'observe' && isPlanned(tier));
  const [first] = planned;
  return first !== undefined && tierNamed(first.tier).setsLimit
    ? first
    : (planned.find(({ mode }) => mode === 'act') ?? first);
}

/** A tier that asks first: acts on a yes that covers the plan, else asks, and where that is no use pages a person. */
function judgeAsking(tier: TierPlan, why: string, diagnosis: Diagnosis, situation: Situation): Verdict {
  const question = summarisePlan(tier, diagnosis.plan.need);
  const permission = permissionFor(question, situation.approvals, situation.now);
  switch (permission.kind) {
    case 'granted':
      return { next: tier.tier, why: `${why}; ${permission.why}` };
    case 'ask':
      // Nobody is woken for what may be gone at the next look.
      if (!diagnosis.pressing && situation.emptyRounds + 1 < EMPTY_ROUNDS) {
        const usage = Math.round(diagnosis.usage);
        return {
          next: 'settle',
          why: `usage is ${usage}%, under the trigger; looking again before a person is asked`,
        };
      }
      return { next: 'ask', question, why: permission.why === '' ? why : `${why}; ${permission.why}` };
    case 'none':
      return {
        next: 'escalate',
        why: `${permission.why}, so it was not done: ${tier.tier} would ${describeWish(tier)}`,
        advice: [
          `decide: ${tier.tier}, with the consequence: ${tierNamed(tier.tier).consequence}`,
          ...adviceFor(diagnosis, situation),
        ],
      };
  }
}

/** What to do when a sample after a good look was bad: another round, while the bounds allow one. */
export function judgeUnconfirmed(why: string, diagnosis: Diagnosis, situation: Situation): Verdict {
  const bound = boundReached(situation);
  const unconfirmed = `relief not confirmed: ${why}`;
  if (bound === null) return { next: 'settle', why: unconfirmed };
  return { next: 'escalate', why: `${bound}; ${unconfirmed}`, advice: adviceFor(diagnosis, situation) };
}

/** Relief holds while usage stays under the trigger; only climbing over it again is a rebound. */
function judgeHeldRelief(usage: number, heldMs: number, { triggerPercent, loop }: Policy): Verdict {
  const why = `usage ${usage}% is under the trigger of ${percent(triggerPercent)}; relief has held for ${inWords(heldMs)}`;
  if (heldMs >= loop.holdSeconds * 1000) return { next: 'close', outcome: 'relieved', why };
  return { next: 'watch', why: `${why} of ${inWords(loop.holdSeconds * 1000)}` };
}

/** Ending sessions that makes things worse, or that is needed again and again, is for a person to go on with. */
function guardAgainstHarm({ cause }: Diagnosis, situation: Situation): string | null {
  if (situation.isWorsening)
    return 'the last two acts each left more slots taken than before, so Headroom stops acting';
  const { maxIncidents } = situation.incident.target.policy.flap;
  const lately = situation.actedLately[cause.name] ?? 0;
  if (lately < maxIncidents) return null;
  return `${lately} incidents with this cause were relieved by ending sessions within the last hour; one more would only treat the symptom`;
}

function boundReached({ incident, countedRounds, now, approvals }: Situation): string | null {
  const { maxRounds, maxMinutes } = incident.target.policy.loop;
  const workedMs = now - incident.openedAt - waitedForPeopleMs(approvals, now);
  if (countedRounds >= maxRounds) return `${maxRounds} rounds have not brought relief`;
  if (workedMs >= maxMinutes * 60_000) return `${maxMinutes} minutes have not brought relief`;
  return null;
}

/** A canary that fails for a reason of its own proves nothing about slots; without it relief cannot be proven. */
function faultOf(canary: Canary): { why: string; advice: readonly string[] } | null {
  if (canary.result !== 'refused' || canary.refusal.kind === 'full') return null;
  const words = `${canary.refusal.kind}: ${printable(canary.refusal.message, 160)}`;
  return {
    why: `the canary cannot log in (${words}), so relief cannot be proven`,
    advice: ['repair the canary login: `headroom grants` prints its statements, `headroom doctor` checks it'],
  };
}

function holdReason(
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
      : `no tier may act: ${describeHeld(plan.tiers, pauses)}`;
  }
  const isActing = plan.tiers.some((tier) => tier.mode !== 'observe' && isPlanned(tier));
  // A limit that may not be set is for a person to decide on, who is paged with it.
  const helpful = plan.tiers.filter((tier) => tier.mode === 'observe' && isPlanned(tier) && tier.limit === null);
  // What has begun to act and is stuck needs a person, who is told of these tiers too.
  if (isActing || helpful.length === 0 || hasActed) return null;
  return `every tier that would help is held back: ${describeHeld(helpful, pauses)}`;
}
