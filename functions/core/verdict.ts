import { adviseOn } from './advice.ts';
import { permissionFor, waitedForPeopleMs, type Approval } from './approval.ts';
import { CAUSES, type CauseName } from './cause.ts';
import type { Diagnosis } from './diagnosis.ts';
import { limitStatement } from './limit-statement.ts';
import type { ActCap, Incident, Pause } from './incident.ts';
import { describePause, fullPause, pauseOn } from './pause.ts';
import { DENIED } from './plan-group.ts';
import { isPlanned, type Plan, type TierPlan } from './plan.ts';
import { describeCap, summarisePlan, type PlanSummary } from './plan-summary.ts';
import { printable } from './printable.ts';
import type { Policy } from './policy.ts';
import { barToActing, type Bar } from './readiness.ts';
import type { Canary, EngineName, Refusal, Snapshot } from './snapshot.ts';
import type { SparedReason } from './spared.ts';
import { tierNamed } from './tiers/index.ts';
import type { TierName } from './tiers/names.ts';
import { inWords } from './tiers/tier.ts';

/** Looks in a row that find nothing to do before a person is paged: what was ended may take a moment to show. */
const EMPTY_LOOKS = 3;

export type Verdict =
  /** Looks good; true relief needs more samples in a row first. */
  | { readonly next: 'confirm'; readonly outcome: 'relieved' | 'not-needed'; readonly why: string }
  | { readonly next: 'close'; readonly outcome: 'relieved' | 'not-needed' | 'observed'; readonly why: string }
  /** Relief is confirmed and must hold for a while. */
  | { readonly next: 'watch'; readonly why: string }
  | { readonly next: TierName; readonly why: string }
  /** Nothing is done before a person has said yes to this. */
  | { readonly next: 'ask'; readonly question: PlanSummary; readonly why: string }
  | { readonly next: 'settle'; readonly why: string }
  | { readonly next: 'escalate'; readonly why: string; readonly advice: readonly string[] };

export interface Situation {
  readonly incident: Incident;
  readonly now: number;
  /** Those in force on the target; the diagnosis was made under them. */
  readonly pauses: readonly Pause[];
  /** Rounds in a row, this one not counted, that had nothing to do. */
  readonly emptyLooks: number;
  /** Rounds so far, those that only watched relief left out. */
  readonly looks: number;
  /** Some tier has acted in this incident. */
  readonly hasActed: boolean;
  /** Temporary limits that this incident has set. */
  readonly limited: readonly Pick<ActCap, 'user' | 'account' | 'limit'>[];
  /** The last two acts each left more slots taken than before. */
  readonly isWorsening: boolean;
  /** Earlier incidents of the last hour in which Headroom acted, by the name of their cause. */
  readonly actedLately: Readonly<Record<string, number>>;
  /** What people were asked in this incident, in order. None is pending: nobody is waited for during a look. */
  readonly approvals: readonly Approval[];
}

/** What to do when the worker did not get in. Never silence: a person hears what is in the way and what to grant. */
export function judgeRefusal(refusal: Refusal, waitedMs: number, situation: Situation): Verdict {
  const outOfTime = boundReached(situation);
  if (refusal.kind === 'starting' && !outOfTime) {
    return { next: 'settle', why: 'the server is starting; looking again' };
  }
  const { why, advice } = explainRefusal(refusal, waitedMs, situation.incident.target);
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
    if (reliefAt !== null) return judgeHold(usage, situation.now - reliefAt, policy);
    if (diagnosis.plan.need === 0) {
      return {
        next: 'confirm',
        outcome: situation.hasActed ? 'relieved' : 'not-needed',
        why: `usage ${usage} % is at or under the relief level of ${policy.reliefPercent} %`,
      };
    }
    if (!situation.hasActed) {
      return {
        next: 'close',
        outcome: 'not-needed',
        why: `usage ${usage} % is under the trigger of ${policy.triggerPercent} % and ordinary clients get in`,
      };
    }
  }
  if (canaryFault !== null && !diagnosis.pressing) return { next: 'escalate', ...canaryFault };

  const bar = barToActing(snapshot);
  if (bar?.kind === 'may-not') {
    const advice = snapshot.visibility.missing.map((grant) => `run as an administrator: ${grant}`);
    return { next: 'escalate', why: bar.why, advice };
  }

  const hold = holdReason(bar, diagnosis, situation);
  if (hold) return { next: 'close', outcome: 'observed', why: `${hold}; ${describePlan(diagnosis.plan.tiers)}` };

  const stop = boundReached(situation) ?? guardAgainstHarm(diagnosis, situation);
  if (stop) return { next: 'escalate', why: stop, advice: adviceFor(diagnosis, situation) };

  if (bar) return { next: 'settle', why: bar.why };

  const acting = firstToGo(diagnosis.plan.tiers);
  if (acting) {
    const why = `${describeTier(acting)} (${CAUSES[diagnosis.cause.name as CauseName].words}); ${diagnosis.plan.need} slots must come free`;
    return acting.mode === 'act' ? { next: acting.tier, why } : judgeAsking(acting, why, diagnosis, situation);
  }
  if (situation.limited.length > 0 && reachedCaps(diagnosis.plan).length === 0) {
    const why = `usage is ${usage} %; under the temporary limit sessions that are busy leave, and nobody takes their place`;
    return { next: 'settle', why };
  }
  if (situation.emptyLooks + 1 < EMPTY_LOOKS) {
    return { next: 'settle', why: `nothing may be ended at ${usage} %; looking again before a person is paged` };
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
  return first?.tier === 'cap-consumer' ? first : (planned.find(({ mode }) => mode === 'act') ?? first);
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
      if (!diagnosis.pressing && situation.emptyLooks + 1 < EMPTY_LOOKS) {
        const usage = Math.round(diagnosis.usage);
        return {
          next: 'settle',
          why: `usage is ${usage} %, under the trigger; looking again before a person is asked`,
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
function judgeHold(usage: number, heldMs: number, { triggerPercent, loop }: Policy): Verdict {
  const why = `usage ${usage} % is under the trigger of ${triggerPercent} %; relief has held for ${inWords(heldMs)}`;
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

function boundReached({ incident, looks, now, approvals }: Situation): string | null {
  const { maxRounds, maxMinutes } = incident.target.policy.loop;
  const workedMs = now - incident.openedAt - waitedForPeopleMs(approvals, now);
  if (looks >= maxRounds) return `${maxRounds} rounds have not brought relief`;
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

function holdReason(bar: Bar | null, { plan }: Diagnosis, { pauses, hasActed }: Situation): string | null {
  const pause = fullPause(pauses);
  if (pause) return describePause(pause);
  if (bar?.kind === 'untested') return bar.why;
  if (plan.tiers.every((tier) => tier.mode === 'observe')) {
    return pauses.length === 0
      ? 'the target is in observe mode'
      : `no tier may act: ${describeHeld(plan.tiers, pauses)}`;
  }
  const isActing = plan.tiers.some((tier) => tier.mode !== 'observe' && isPlanned(tier));
  // A limit that may not be set is for a person to decide on, who is paged with it.
  const helpful = plan.tiers.filter((tier) => tier.mode === 'observe' && isPlanned(tier) && tier.cap === null);
  // What has begun to act and is stuck needs a person, who is told of these tiers too.
  if (isActing || helpful.length === 0 || hasActed) return null;
  return `every tier that would help is held back: ${describeHeld(helpful, pauses)}`;
}

function describeHeld(tiers: readonly TierPlan[], pauses: readonly Pause[]): string {
  return tiers.map(({ tier }) => `${tier} is ${holdOn(tier, pauses)}`).join(', ');
}

/** What keeps a tier in mode observe from acting. */
function holdOn(tier: TierName, pauses: readonly Pause[]): string {
  const pause = pauseOn(tier, pauses);
  return pause === null ? 'in observe mode' : describePause(pause);
}

function describeTier(tier: TierPlan): string {
  const ends = `ends ${tier.victims.length} session${tier.victims.length === 1 ? '' : 's'}`;
  return `${tier.tier} ${tier.cap === null ? ends : `limits ${describeCap(tier.cap)} and ${ends}`}`;
}

/** What a tier would do, after "would". */
function describeWish({ cap, victims }: TierPlan): string {
  return `${cap === null ? '' : `limit ${describeCap(cap)} and `}end ${victims.length}`;
}

function describePlan(tiers: readonly TierPlan[]): string {
  const planned = tiers.filter(isPlanned);
  if (planned.length === 0) return 'no tier would end anything';
  return `would act: ${planned.map(describeTier).join(', ')}`;
}

function nothingLeft({ plan, cause, pressing }: Diagnosis, usage: number): string {
  if (!pressing)
    return `usage is ${usage} %: clients get in again, but it is not at the relief level, and ending more would lose work`;
  const reasons = new Set(plan.spared.map(({ reason }) => reason));
  if (reasons.has('denied') || plan.tiers.some(({ refusal }) => refusal === DENIED))
    return `usage is ${usage} %, and a person has said no to what would have helped`;
  if (reasons.has('refills-at-once'))
    return `usage is ${usage} % and no number of kills helps: what is ended comes back at once`;
  const caps = reachedCaps(plan);
  if (caps.length > 0) return `usage is ${usage} % and the caps are reached (${caps.join(', ')})`;
  return `usage is ${usage} % and no tier may end anything more: ${CAUSES[cause.name as CauseName].words}`;
}

function reachedCaps({ spared }: Plan): SparedReason[] {
  const reasons = new Set(spared.map(({ reason }) => reason));
  return (['cap-tier', 'cap-incident', 'cap-hour'] as const).filter((cap) => reasons.has(cap));
}

function adviceFor({ cause, facts, plan }: Diagnosis, { limited, pauses, incident }: Situation): string[] {
  const { target } = incident;
  const held = plan.tiers.filter((tier) => tier.mode === 'observe' && isPlanned(tier));
  return [
    ...limited.map(({ user, account, limit }) => {
      const keep = printable(limitStatement(target.engine, account, limit), 300);
      return `the temporary limit of ${limit} on ${printable(user, 63)} goes with this incident; to set it again: ${keep}`;
    }),
    ...plan.tiers.flatMap(({ refusal }) => (refusal === null ? [] : [refusal.why, ...refusal.fix])),
    ...adviseOn(cause.name as CauseName, facts, target),
    ...held.map((each) => {
      const { tier } = each;
      return `${tier} is ${holdOn(tier, pauses)}; it would ${describeWish(each)}: ${tierNamed(tier).consequence}`;
    }),
  ];
}

/** What lets the responder in when ordinary clients are refused. */
const RESERVED_WAY_IN = {
  postgres:
    'give the responder a reserved slot: GRANT pg_use_reserved_connections (PostgreSQL 16 and newer, with reserved_connections of 2 or more); on RDS PostgreSQL 15 and older, GRANT rds_superuser',
  mysql: 'give the responder the extra slot: GRANT CONNECTION_ADMIN ON *.* (and let no application have it)',
  mariadb: 'give the responder the extra slot: GRANT CONNECTION ADMIN ON *.* (and let no application have it)',
} as const satisfies Record<EngineName, string>;

/** Why the worker did not get in, and what to do about it. */
export function explainRefusal(
  refusal: Refusal,
  waitedMs: number,
  { endpoint: where, engine }: { readonly endpoint: string; readonly engine: EngineName },
): { readonly why: string; readonly advice: readonly string[] } {
  const words = printable(refusal.message, 200);
  const waited = `${Math.round(waitedMs / 1000)} s`;
  switch (refusal.kind) {
    case 'full':
      return {
        why: `locked out: every slot of ${where} is taken, reserved ones too, and none came free in ${waited} (${words})`,
        advice: [
          'end sessions from a login that still gets in (a superuser or the master user), or restart the application that holds them',
          RESERVED_WAY_IN[engine],
          'keep applications off the master user: it eats the reserve',
        ],
      };
    case 'consumer-full':
      return {
        why: `the responder’s own connection limit is reached (${words})`,
        advice: ['raise the connection limit of the responder’s role or database'],
      };
    case 'authentication':
      return {
        why: `the responder’s login is refused (${words})`,
        advice: [
          'check its password, secret or rds_iam grant; `headroom grants` prints what to create',
          '`headroom doctor` checks it',
        ],
      };
    case 'missing-database':
      return {
        why: `the database the responder connects to does not exist (${words})`,
        advice: ['set endpoint.database to one that does'],
      };
    case 'tls':
      return {
        why: `TLS to ${where} failed (${words})`,
        advice: ['check tls.mode and tls.ca; for RDS the region’s CA comes with the worker'],
      };
    case 'network':
      return {
        why: `${where} cannot be reached (${words})`,
        advice: [
          'check that the server runs, its address and port, and the security groups between worker and database',
        ],
      };
    case 'starting':
      return {
        why: `the server has been starting for too long (${words})`,
        advice: ['look at the server’s log: it may be recovering after a crash'],
      };
    case 'wrong-server':
      return {
        why: `the worker is not where it should be (${words})`,
        advice: ['set endpoint.host to the endpoint of the instance itself, never of the cluster'],
      };
    case 'busy-elsewhere':
      return {
        why: `another executor is acting on ${where} (${words})`,
        advice: ['find who else runs Headroom against this server'],
      };
    case 'too-late':
      return {
        why: `the worker answered only after its deadline (${words})`,
        advice: ['look at the worker’s log for slow invocations'],
      };
    case 'other':
      return {
        why: `the worker could not get in (${refusal.code} ${words})`,
        advice: ['`headroom doctor` shows more'],
      };
  }
}
