import type { History, Refused } from '../plan/tier-plan.ts';
import { tierNamed } from '../plan/tiers/index.ts';
import type { Budget } from '../plan/tiers/tier.ts';
import { BY_HAND } from '../policy/tier-names.ts';
import { COUNTING } from '../protocol/worker.ts';
import type { Ended } from '../server/returns.ts';
import { consumerOf } from '../server/consumer.ts';
import { sessionKey, type Session } from '../server/session.ts';
import type { Snapshot } from '../server/snapshot.ts';
import { wholeRefusal, type Act, type ActLimit, type ActTally, type VictimRecord } from './act.ts';
import { agreedLimit, deniedTiers, type Approval } from './approval.ts';
import type { LimitRecord } from './limit.ts';
import { countBy } from '../words/count-by.ts';
import type { Round } from './round.ts';

/** What is on record of earlier acts. `acts`, `rounds` and `approvals` are the incident's, in their order. */
export interface Past {
  readonly acts: readonly Act[];
  readonly rounds: readonly Round[];
  readonly approvals: readonly Approval[];
  /** Acts on the target in the last hour, of every incident. */
  readonly lastHour: readonly ActTally[];
  /** Temporary limits of the target. */
  readonly limits: readonly LimitRecord[];
}

export const NO_PAST: Past = { acts: [], rounds: [], approvals: [], lastHour: [], limits: [] };

export interface PastAndNow extends Past {
  /** Slots taken in the snapshot that follows the last act and is not on record yet; null when there is none. */
  readonly usedNow: number | null;
}

/** How long an act weighs on the hourly budget. */
export const HOUR_MS = 3_600_000;

/** How many of an act's victims count against the budgets; one whose fate is unknown does. */
export function countAgainstBudgets(victims: readonly VictimRecord[]): number {
  return victims.filter((victim) => victim.result === null || COUNTING.has(victim.result)).length;
}

/**
 * Settles an act whose results never came (the worker died, the invocation timed out): the victims that a later
 * snapshot still shows were not ended and no longer count; the others are taken as ended. A session that lives, but is
 * no longer on the query that was to be cancelled, may have lost it to us, so it goes on counting.
 */
export function settleAct(act: Act, snapshot: Snapshot, at: number): Act {
  const living = new Map(snapshot.sessions.map((session) => [sessionKey(session.identity), session]));
  const victims = act.victims.map((victim): VictimRecord => {
    if (victim.result !== null) return victim;
    const session = living.get(sessionKey(victim.identity));
    if (session && victim.method === 'cancel' && !isOnQuerySince(session, act.startedAt, snapshot.at)) {
      return { ...victim, detail: 'no answer came from the worker; its query has stopped since' };
    }
    const result = session ? 'not-tried' : 'ended';
    return { ...victim, result, detail: 'no answer came from the worker; concluded from the next snapshot' };
  });
  return {
    ...act,
    victims,
    limit: settleLimit(act.limit, snapshot),
    finishedAt: at,
    counted: countAgainstBudgets(victims),
  };
}

function settleLimit(meant: ActLimit | null, { userLimits }: Snapshot): ActLimit | null {
  if (meant === null || meant.result !== null) return meant;
  const isSet = userLimits.users.some(({ user, limit }) => user === meant.user && limit === meant.limit);
  const detail = 'no answer came from the worker; concluded from the next snapshot';
  return { ...meant, result: isSet ? 'done' : 'not-tried', detail };
}

function isOnQuerySince({ state, queryMs }: Session, since: number, now: number): boolean {
  return state === 'active' && queryMs !== null && queryMs >= now - since;
}

/** Whether an act has changed anything on the server. */
export function hasEffect({ counted, limit }: Pick<Act, 'counted' | 'limit'>): boolean {
  return counted > 0 || isSet(limit);
}

function isSet(limit: ActLimit | null): boolean {
  return limit?.result === 'done';
}

/** Up to this share of the usable slots comes and goes: a login that is refused takes a slot for a moment too. */
const NOISE = 0.05;

/** What an act gave back, by the snapshots before and after it. */
interface Effect {
  readonly act: Act;
  readonly ended: number;
  readonly freed: number;
  /** So many slots more or less say nothing. */
  readonly noise: number;
}

/** What each act gave back, as far as it was measured. */
export function effectsOf({ acts, rounds, usedNow }: Pick<PastAndNow, 'acts' | 'rounds' | 'usedNow'>): Effect[] {
  const byNumber = new Map(rounds.map((round) => [round.round, round]));
  const last = Math.max(0, ...byNumber.keys());
  return acts.flatMap((act) => {
    const { used: before = null, usable = null } = byNumber.get(act.round) ?? {};
    const after = act.round >= last ? usedNow : (byNumber.get(act.round + 1)?.used ?? null);
    if (before === null || usable === null || after === null) return [];
    const ended = act.victims.filter(({ result }) => result === 'ended').length;
    return [{ act, ended, freed: before - after, noise: Math.ceil(NOISE * usable) }];
  });
}

/** The last two acts that ended anything each left clearly more slots taken than before. */
export function isWorsening(past: Pick<PastAndNow, 'acts' | 'rounds' | 'usedNow'>): boolean {
  const lastTwo = effectsOf(past)
    .filter(({ act }) => act.counted > 0)
    .slice(-2);
  return lastTwo.length === 2 && lastTwo.every(({ freed, noise }) => freed < -noise);
}

/** What earlier acts mean for a plan. */
export function historyOf(past: PastAndNow): History {
  const { acts, rounds, approvals, lastHour, limits } = past;
  const signalled = acts
    .flatMap((act) => act.victims)
    .filter(({ result }) => result === 'still-there' || result === 'rolling-back');
  return {
    countedIncident: sumCounted(acts.filter(countsAgainst('incident'))),
    countedLimited: sumCounted(acts.filter(countsAgainst('limited'))),
    countedHour: sumCounted(lastHour),
    signalled: new Set(signalled.map((victim) => sessionKey(victim.identity))),
    ended: endedBy(acts),
    cancelled: countBy(cancelledBy(acts), consumerOf),
    refused: refusedOf(acts),
    denied: deniedTiers(approvals),
    agreedLimit: agreedLimit(approvals),
    lastCause: rounds.at(-1)?.cause?.name ?? null,
    limits,
    brokeLocksAt: acts.findLast(({ tier, counted }) => tier === 'break-locks' && counted > 0)?.startedAt ?? null,
    since: rounds[0]?.at ?? null,
    pressingSince: rounds[rounds.findLastIndex(({ next }) => next === 'watch') + 1]?.at ?? null,
    usual: rounds.find(({ usual }) => usual !== undefined)?.usual ?? null,
    masterUser: rounds.find(({ masterUser }) => masterUser !== undefined)?.masterUser ?? null,
  };
}

/** The latest of each. */
function refusedOf(acts: readonly Act[]): Refused {
  return {
    tiers: new Map(
      acts.flatMap((act) =>
        act.tier === BY_HAND || wholeRefusal(act) === null ? [] : [[act.tier, act.startedAt] as const],
      ),
    ),
    sessions: new Map(
      acts.flatMap(({ startedAt, victims }) =>
        victims.flatMap(({ identity, result }) =>
          result === 'refused' ? [[sessionKey(identity), startedAt] as const] : [],
        ),
      ),
    ),
  };
}

/** Sessions whose slot was given back, by consumer. */
function endedBy(acts: readonly Act[]): Map<string, Ended> {
  const ended = acts.flatMap(({ tier, startedAt, victims }) =>
    tier === BY_HAND
      ? []
      : victims.flatMap((victim) => (victim.result === 'ended' ? [{ ...victim, endedAt: startedAt }] : [])),
  );
  return new Map(
    [...Map.groupBy(ended, consumerOf)].map(([consumer, own]) => [
      consumer,
      {
        at: own.map(({ endedAt }) => endedAt),
        openedAt: own.flatMap(({ endedAt, connectedMs = null }) =>
          connectedMs === null ? [] : [endedAt - connectedMs],
        ),
      },
    ]),
  );
}

function cancelledBy(acts: readonly Act[]): VictimRecord[] {
  return acts.flatMap(({ victims }) => victims.filter(({ result }) => result === 'cancelled'));
}

/** What a person called for by hand counts against the incident's own budget. */
function countsAgainst(budget: Budget): (act: Act) => boolean {
  return ({ tier }) => (tier === BY_HAND ? 'incident' : tierNamed(tier).budget) === budget;
}

function sumCounted(tallies: readonly Pick<ActTally, 'counted'>[]): number {
  return tallies.reduce((total, tally) => total + tally.counted, 0);
}
