import type { Act, ActTally, VictimRecord } from './incident.ts';
import type { History } from './plan.ts';
import { sessionKey, type Session } from './session.ts';
import type { Snapshot } from './snapshot.ts';
import type { EndingResult } from './worker-protocol.ts';

/** Results after which a session counts against the caps: it was ended, or may have been. */
export const COUNTING: ReadonlySet<EndingResult> = new Set(['ended', 'cancelled', 'still-there', 'rolling-back']);

/** How long an act weighs on the hourly cap. */
export const HOUR_MS = 3_600_000;

/** How many of an act's victims count against the caps; one whose fate is unknown does. */
export function countAgainstCaps(victims: readonly VictimRecord[]): number {
  return victims.filter((victim) => victim.result === null || COUNTING.has(victim.result)).length;
}

/**
 * Settles an act whose results never came (the worker died, the invocation timed out): the victims that a later snapshot
 * still shows were not ended and no longer count; the others are taken as ended. A session that lives, but is no longer on
 * the query that was to be cancelled, may have lost it to us, so it goes on counting.
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
  return { ...act, victims, finishedAt: at, counted: countAgainstCaps(victims) };
}

function isOnQuerySince({ state, queryMs }: Session, since: number, now: number): boolean {
  return state === 'active' && queryMs !== null && queryMs >= now - since;
}

/** What earlier acts mean for a plan. `lastHour` holds the acts of every incident of the target. */
export function historyOf(acts: readonly Act[], lastHour: readonly ActTally[]): History {
  const signalled = acts
    .flatMap((act) => act.victims)
    .filter(({ result }) => result === 'still-there' || result === 'rolling-back');
  return {
    countedIncident: sumCounted(acts),
    countedHour: sumCounted(lastHour),
    signalled: new Set(signalled.map((victim) => sessionKey(victim.identity))),
  };
}

function sumCounted(tallies: readonly Pick<ActTally, 'counted'>[]): number {
  return tallies.reduce((total, tally) => total + tally.counted, 0);
}
