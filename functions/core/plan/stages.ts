import type { SparedReason } from '../policy/spared.ts';
import type { TierName } from '../policy/tier-names.ts';
import { kindOf, type Kind } from '../server/consumer-count.ts';
import { consumerOf, poolOf } from '../server/consumer.ts';
import { RETURNS_AT_ONCE, type Returns } from '../server/returns.ts';
import type { Session } from '../server/session.ts';
import { isRefusedAsFull, slotsTaken, usagePercent } from '../server/snapshot.ts';
import { overUsual, type Departure, type Standing } from '../usual/departure.ts';
import { spareIdle } from '../usual/spare-idle.ts';
import { countBy } from '../words/count-by.ts';
import { leftOf } from './budget.ts';
import { isRefusedLately, type PlanInput, type TierPlan } from './tier-plan.ts';
import { onlyObserves } from './tiers/mode-of-tier.ts';
import type { Soon } from './tiers/soon.ts';
import type { Spared } from './tiers/tier.ts';

/**
 * Whom the tiers may choose from. Suspects come first, and where they suffice nobody else is in question. Others are in
 * question only with a prospect: if the plan with them brings relief.
 */
export interface Stages {
  readonly suspects: readonly Session[];
  /** Suspects, and whoever else may be ended where suspects do not suffice. */
  readonly all: readonly Session[];
  /** Those of no stage, with the reason. */
  readonly spared: readonly Spared[];
  /** Ending all suspects would be enough, once they are old enough. */
  readonly suffices: boolean;
  /** Spare idle sessions that come into question later. */
  readonly soon: Soon | null;
}

/** Splits the sessions that nothing protects. `need`: slots that must come free. */
export function splitStages(open: readonly Session[], need: number, input: PlanInput): Stages {
  const { departures, pressing } = input;
  const foremost = chooseForemost(open, need, input);
  // Enough is enough: once clients get in and usage is under the trigger, only suspects still go.
  const suffices = !pressing || foremost.suffices;
  const toTrigger = Math.ceil(overTrigger(input) + WELL_UNDER * input.snapshot.limits.usable - foremost.freed);
  const idle =
    suffices || !mayAskHealthy(open, need, foremost.freed, input)
      ? []
      : spareIdle(open, Math.min(need, toTrigger), input);
  const waitMs = patienceMs(input);
  const spare = new Set(waitMs > 0 ? [] : idle);
  const suspects: Session[] = [];
  const all: Session[] = [];
  const spared: Spared[] = [];
  for (const session of open) {
    const standing = departures.standingOf(session);
    if (foremost.suspects.has(session)) suspects.push(session);
    if (foremost.suspects.has(session) || (!suffices && spare.has(session))) all.push(session);
    else spared.push({ session, reason: REASONS[standing] });
  }
  const soon = waitMs > 0 && idle.length > 0 ? waitFor(idle.length, need, waitMs) : null;
  return { suspects, all, spared, suffices, soon };
}

/**
 * Whether a healthy pool may be asked to give up what it does not need: only in an emergency, not for slots that whoever
 * fills the server takes at once, and not where what may be the cause would suffice together with the suspects: what
 * nothing tells of, what has grown and shows neither trouble nor work, what has grown within a day. `freed`: what ending
 * the suspects frees.
 */
function mayAskHealthy(open: readonly Session[], need: number, freed: number, input: PlanInput): boolean {
  const { departures, returns } = input;
  if (!isEmergency(input) || returns.vainSince !== null) return false;
  const unsure = open.filter((session) => departures.standingOf(session) === 'unsure').length;
  const explained = new Set(
    open.filter((session) => ['suspect', 'at-work'].includes(departures.standingOf(session))).map(consumerOf),
  );
  const growth = departures.consumers.map((each) =>
    each.excess > 0 && !explained.has(each.name) ? each.excess : grownLately(each),
  );
  const mayBeCause = growth.reduce((sum, grown) => sum + grown, unsure);
  return mayBeCause === 0 || (freed + mayBeCause < need && !isUnderTrigger(freed + mayBeCause, input));
}

/** What a consumer has more than on earlier days and still as usual: habit or trouble, nothing tells. */
function grownLately({ now, usual }: Departure): number {
  if (usual?.settled === undefined) return 0;
  return overUsual(Math.min(now.all, Math.round(usual.all)), usual.settled);
}

function waitFor(sessions: number, need: number, inMs: number): Soon {
  return { tier: 'kill-idle', sessions: Math.min(sessions, need), inMs, ageMs: PATIENCE_MS };
}

/** Why a session of each standing is in no stage. */
const REASONS = {
  suspect: 'suspects-suffice',
  usual: 'at-usual',
  unsure: 'usual-unknown',
  'at-work': 'at-work',
} as const satisfies Record<Standing, SparedReason>;

/** More than any consumer's times. */
const FILLED_IT = 1_000_000;
const BLOCKER = 2 * FILLED_IT;

interface Foremost {
  readonly suspects: ReadonlySet<Session>;
  readonly suffices: boolean;
  /** Slots that they give back. */
  readonly freed: number;
}

/**
 * The consumers that depart furthest from their usual number, and no more of them than it takes to bring usage under
 * the trigger: root blockers first, then those that were too many when the incident began or of which it has ended
 * some, then by how many times as many sessions a consumer has. What else departs is left alone while these are enough, once they are old enough.
 */
function chooseForemost(open: readonly Session[], need: number, input: PlanInput): Foremost {
  const { departures, history, locks, returns } = input;
  const { over } = departures.usual;
  const ranks = new Map(
    departures.consumers.map(({ name, now, usual }) => [
      name,
      (over.includes(name) || history.ended.has(name) ? FILLED_IT : 0) + now.all / ((usual?.all ?? 0) + 2),
    ]),
  );
  const suspects = open.filter((session) => departures.suspects.has(session));
  const groups = [
    ...Map.groupBy(suspects, (session) => (isBlocker(session, input) ? session.identity.id : consumerOf(session))),
  ].map(([key, sessions]) => ({
    sessions,
    key: String(key),
    rank: typeof key === 'number' ? BLOCKER : (ranks.get(key) ?? 0),
  }));
  groups.sort((a, b) => b.rank - a.rank || (a.key < b.key ? -1 : 1));
  const chosen = new Set<Session>();
  const mayEnd = mayEndOf(input);
  let freed = 0;
  const isEnough = () => freed >= need || isUnderTrigger(freed, input);
  for (const { sessions } of groups) {
    if (chosen.size > 0 && isEnough()) break;
    for (const session of sessions) {
      chosen.add(session);
      if (mayEnd(session))
        freed += 1 - comesBack(consumerOf(session), returns) + (locks.behind.get(session.identity.id)?.length ?? 0);
    }
  }
  return { suspects: chosen, suffices: chosen.size > 0 && isEnough(), freed };
}

/** The share of a consumer's sessions, 0 to 1, that is expected to come back: as measured, until it is tried again. */
function comesBack(consumer: string, { shareOf, inVainForMs }: Returns): number {
  const share = shareOf(consumer);
  return share >= RETURNS_AT_ONCE && inVainForMs(consumer) === 0 ? 0 : share;
}

function isBlocker(session: Session, { departures }: PlanInput): boolean {
  return departures.suspects.get(session)?.of === 'blocker';
}

/** Whether usage is under the trigger once so many slots have come free. */
function isUnderTrigger(freed: number, input: PlanInput): boolean {
  return overTrigger(input) < freed;
}

/** Slots taken over the trigger. */
function overTrigger({ snapshot, policy }: PlanInput): number {
  return slotsTaken(snapshot) - (policy.triggerPercent / 100) * snapshot.limits.usable;
}

/** What is as usual pays for usage under the trigger, by this share of the usable slots, and for no more. */
const WELL_UNDER = 0.05;
/** From here on the runbooks end idle sessions, whoever holds them. */
const EMERGENCY_PERCENT = 90;

function isEmergency({ snapshot }: PlanInput): boolean {
  return isRefusedAsFull(snapshot.canary) || usagePercent(snapshot) >= EMERGENCY_PERCENT;
}

const TIER_OF: Readonly<Record<Kind, TierName>> = {
  idle: 'kill-idle',
  open: 'end-idle-transactions',
  busy: 'cancel-long',
};

/**
 * Whether a session may be ended once it is old enough: its tier acts, ending more of its consumer is not in vain,
 * and its pool is left its minimum. Asked once for each session.
 */
function mayEndOf(input: PlanInput): (session: Session) => boolean {
  const { snapshot, policy, returns, order, history } = input;
  const isRefused = (tier: TierName) => isRefusedLately(history.refused.tiers.get(tier), snapshot.at);
  const mayAct = new Set(
    order.filter((tier) => !onlyObserves(tier, input) && !history.denied.has(tier) && !isRefused(tier)),
  );
  const left = countBy(
    snapshot.sessions.filter(({ kind }) => kind === 'client'),
    poolOf,
  );
  return (session) => {
    if (!mayAct.has(isBlocker(session, input) ? 'break-locks' : TIER_OF[kindOf(session.state)])) return false;
    if (session.state === 'active') return true;
    if (returns.inVainForMs(consumerOf(session)) > 0) return false;
    if (session.state !== 'idle') return true;
    const inPool = left.get(poolOf(session)) ?? 0;
    if (inPool <= policy.minimumPerPool) return false;
    left.set(poolOf(session), inPool - 1);
    return true;
  };
}

/**
 * While clients get in, nothing that is as usual is touched for this long, and nobody is paged: most deploys are over
 * by then, and relief is promised within three minutes of the server being full.
 */
export const PATIENCE_MS = 150_000;

/** How long sessions at their usual are still left alone, milliseconds. */
function patienceMs({ snapshot, history: { pressingSince } }: PlanInput): number {
  if (isRefusedAsFull(snapshot.canary)) return 0;
  return pressingSince === null ? PATIENCE_MS : Math.max(0, pressingSince + PATIENCE_MS - snapshot.at);
}

/** What one act spares for the next one. */
const NEXT_ACT: ReadonlySet<SparedReason> = new Set(['cap-tier', 'tried-first']);

/**
 * Whether what the acting tiers end brings usage down to the relief level or, within the budgets, under the trigger.
 * What the budget of one act leaves over is for the next act, as far as the incident's budgets go.
 */
export function bringsRelief(tiers: readonly TierPlan[], need: number, input: PlanInput): boolean {
  if (tiers.some(({ limit }) => limit !== null)) return true;
  const victims = tiers.flatMap((tier) => tier.victims);
  const { incident, hour } = leftOf(need, input);
  const later = tiers.flatMap(({ spared }) => spared).filter(({ reason }) => NEXT_ACT.has(reason)).length;
  const inBudget = Math.max(0, Math.min(later, Math.min(incident, hour) - victims.length));
  const freed = victims.reduce((sum, { frees }) => sum + frees, 0) + inBudget;
  return freed >= need || isUnderTrigger(freed, input);
}
