import { kindOf } from '../server/consumer-count.ts';
import { consumerOf } from '../server/consumer.ts';
import type { Ended } from '../server/returns.ts';
import type { Session } from '../server/session.ts';

/** What an incident keeps of its first look, to tell later who has finished work since. */
export interface FirstLook {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of any session: on MySQL and MariaDB, later ones have higher ids. */
  readonly newestId: number;
  /** Sessions of each consumer over its usual number that were at no query then, and how many of them. */
  readonly atRest: Readonly<Record<string, number>>;
}

/** What is known of the time since the first look; `ended`, `cancelled`: what Headroom itself has ended, by consumer. */
export interface SinceFirstLook {
  readonly firstLook: FirstLook | undefined;
  readonly now: number;
  readonly ended: ReadonlyMap<string, Ended>;
  readonly cancelled: ReadonlyMap<string, number>;
}

export const JUST_LOOKED: SinceFirstLook = {
  firstLook: undefined,
  now: 0,
  ended: new Map(),
  cancelled: new Map(),
};

/** `over`: the consumers over their usual number. */
export function takeFirstLook(clients: readonly Session[], over: readonly string[], at: number): FirstLook {
  const atRest = new Map(over.map((name) => [name, 0]));
  for (const session of clients) {
    const count = atRest.get(consumerOf(session));
    if (count !== undefined && kindOf(session.state) !== 'busy') atRest.set(consumerOf(session), count + 1);
  }
  const newestId = clients.reduce((newest, { identity }) => Math.max(newest, identity.id), 0);
  return { at, newestId, atRest: Object.fromEntries(atRest) };
}

/** A consumer finishes its work if so many of those that were at work have begun anew since. */
const FINISHED_SHARE = 0.5;
/** One that takes this many times as long as it took half of the others to finish does not finish like them. */
const FAR_LONGER = 10;
/** Servers that count seconds, and the time that a look takes. */
const MARGIN_MS = 2_000;

/**
 * Up to which age the queries of a consumer are work that finishes, in milliseconds; 0 where that has not been seen.
 * Half of its sessions that were at work at the first look must have begun something new since. Those that were at rest
 * then, and those whose query Headroom cancelled, count as if they were among these. Sessions that came later tell
 * nothing.
 */
export function finishesWithin(
  name: string,
  sessions: readonly Session[],
  { firstLook, now, cancelled }: SinceFirstLook,
): number {
  const atRest = firstLook?.atRest[name];
  if (firstLook === undefined || atRest === undefined) return 0;
  const agoMs = now - firstLook.at;
  const wasThere = sessions.filter(({ connectedMs, identity }) =>
    connectedMs === null ? identity.id <= firstLook.newestId : connectedMs > agoMs,
  );
  const hasBegun = (session: Session) => ageOf(session) < agoMs - MARGIN_MS;
  const begun = wasThere.filter(hasBegun).length;
  const resting = wasThere.filter((session) => kindOf(session.state) !== 'busy' && !hasBegun(session)).length;
  const mayHaveRested = Math.max(0, atRest - resting) + (cancelled.get(name) ?? 0);
  const finished = begun - mayHaveRested;
  const atWork = wasThere.length - resting - mayHaveRested;
  return finished > 0 && finished >= FINISHED_SHARE * atWork ? FAR_LONGER * agoMs : 0;
}

function ageOf({ state, stateMs, queryMs }: Session): number {
  return (kindOf(state) === 'busy' ? queryMs : stateMs) ?? Infinity;
}
