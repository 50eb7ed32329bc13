import { readFacts, type Context, type Facts } from '../../functions/core/cause/facts.ts';
import type { Policy } from '../../functions/core/policy/policy.ts';
import { readLockQueues } from '../../functions/core/server/locks.ts';
import type { Session } from '../../functions/core/server/session.ts';
import type { Snapshot } from '../../functions/core/server/snapshot.ts';
import { readDepartures } from '../../functions/core/usual/departure.ts';
import { JUST_LOOKED } from '../../functions/core/usual/turnover.ts';
import { NO_USUAL } from '../../functions/core/usual/usual.ts';

/** Fewer of the taken slots than this say nothing about an incident. */
const LEAST_SHARE = 0.1;

type Measure = (facts: Facts, policy: Policy) => number | null;

const shareOf =
  (count: (facts: Facts) => number | null): Measure =>
  (facts) => {
    const slots = count(facts);
    return slots === null ? null : slots / facts.taken;
  };

/**
 * What an incident looks like in numbers that mean the same in production and in a rehearsal, whose ages are
 * compressed: shares of the taken slots; ages in times of the policy's own age for that state; the climb in idle times;
 * sessions opened for each slot within the time in which a session counts as fresh. Null where it is not known.
 */
export const MEASURES = {
  idle: shareOf(({ idle }) => idle.length),
  leaker: shareOf(({ leaker }) => leaker.sessions.length),
  inTransaction: shareOf(({ inTransaction }) => inTransaction.length),
  queued: shareOf(({ queued }) => queued),
  longQueries: shareOf(({ longQueries }) => longQueries.length),
  shortQueries: shareOf(({ shortQueries }) => shortQueries.length),
  jobs: shareOf(({ jobs, behindJobs }) => jobs.length + behindJobs),
  fresh: shareOf(({ fresh }) => fresh),
  halfOpen: shareOf(({ halfOpen }) => halfOpen.count),
  usedOnce: ({ usedOnce, leaker, taken }) => (leaker.sessions.length < 2 * LEAST_SHARE * taken ? null : usedOnce),
  largestPlace: ({ idle, idlePlaces, taken }) => (idle.length < LEAST_SHARE * taken ? null : idlePlaces.largest),
  idleAge: ({ idle, taken }, { ages }) => medianOf(idle, 'stateMs', ages.idleSeconds, taken),
  transactionAge: ({ inTransaction, taken }, { ages }) =>
    medianOf(inTransaction, 'stateMs', ages.idleInTransactionSeconds, taken),
  longQueryAge: ({ longQueries, taken }, { ages }) => medianOf(longQueries, 'queryMs', ages.querySeconds, taken),
  climb: ({ trend }, { ages }) => (trend === null ? null : trend.climbMs / 1000 / ages.idleSeconds),
  opens: ({ trend, freshMs, taken }) =>
    trend?.opensPerMinute == null ? null : (trend.opensPerMinute * freshMs) / 60_000 / taken,
} as const satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;
type Measured = Readonly<Record<MeasureName, number | null>>;

/** Of all taken slots: how many of them are more than is usual is no measure of what the incident looks like. */
export function measure(snapshot: Snapshot, policy: Policy, context: Context): Measured {
  const locks = readLockQueues(snapshot.sessions);
  const scope = {
    locks,
    departures: readDepartures([], NO_USUAL, { locks, policy, isRefused: false, need: 0, since: JUST_LOOKED }),
    tooMany: Infinity,
  };
  const facts = readFacts(snapshot, policy, scope, context);
  const entries = Object.entries(MEASURES).map(([name, read]) => [name, rounded(read(facts, policy))]);
  return Object.fromEntries(entries) as Record<MeasureName, number | null>;
}

function medianOf(
  sessions: readonly Session[],
  age: 'stateMs' | 'queryMs',
  seconds: number,
  taken: number,
): number | null {
  if (sessions.length < LEAST_SHARE * taken) return null;
  const sorted = sessions.map((session) => session[age] ?? 0).sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? 0) / 1000 / seconds;
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(1000 * value) / 1000;
}
