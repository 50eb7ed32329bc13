import { countKinds } from '../server/consumer-count.ts';
import { consumerOf } from '../server/consumer.ts';
import { isLoggingIn, LOGIN_MS, type Session } from '../server/session.ts';
import type { Usual, UsualCount } from './usual.ts';

/** One consumer by the order in which its sessions came. */
interface Arriving {
  readonly name: string;
  /** Newest first. */
  readonly sessions: readonly Session[];
  /** How many of the newest came in one go. */
  readonly burst: number;
  /** How long ago the first of these came, in the unit of `agoOf`. */
  readonly began: number;
}

/** A gap this many times the usual one ends a burst. */
const GAP = 5;
/**
 * A consumer whose sessions have come evenly over longer than this may be a leak, or a pool that replaces its
 * sessions as they grow old (HikariCP: after half an hour): nothing in one snapshot tells them apart.
 */
const RENEWING_MS = 240_000;
/** Fewer newcomers of one consumer are ordinary comings and goings. */
const LEAST_NEWCOMERS = 3;

/**
 * What is usual by one snapshot alone: whoever came last filled the server. Consumers are taken in the order in which
 * their newest burst of sessions began, the latest first, until these explain the slots over the relief level; what
 * they had before their burst is their usual number, and everybody else is as usual. Where bursts do not explain it, or
 * may be a pool that renews itself, the consumer is one that nothing is known of; but one that all others together
 * hold fewer sessions than must come free is the cause, whatever else is known. PostgreSQL shows when each session
 * came; on MySQL and MariaDB the order of connection ids shows who came after whom. Pure; O(n log n).
 */
export function usualFromArrivals(clients: readonly Session[], need: number): Usual {
  const newestId = Math.max(0, ...clients.map(({ identity }) => identity.id));
  const showsTimes = clients.every(({ connectedMs }) => connectedMs !== null);
  const agoOf = ({ connectedMs, identity }: Session) => (showsTimes ? (connectedMs ?? 0) : newestId - identity.id);
  const arriving = [...Map.groupBy(withoutLogins(clients, agoOf), consumerOf)]
    .map(([name, sessions]) =>
      readBurst(
        name,
        [...sessions].sort((a, b) => agoOf(a) - agoOf(b)),
        agoOf,
      ),
    )
    .sort((a, b) => a.began - b.began || b.burst - a.burst || (a.name < b.name ? -1 : 1));
  const cameLast = new Map<string, number>();
  const unsure = new Set<string>();
  const newcomers = arriving.filter(({ burst }) => burst >= LEAST_NEWCOMERS);
  for (const { name, burst, sessions } of biggestOfLast(newcomers, need)) {
    if (ageAtLeast(sessions.slice(0, burst)) > RENEWING_MS) unsure.add(name);
    else cameLast.set(name, burst);
  }
  const dominant = arriving.filter(({ sessions }) => clients.length - sessions.length < need);
  for (const { name, sessions } of dominant) {
    cameLast.set(name, sessions.length);
    unsure.delete(name);
  }
  const explained = [...cameLast.values()].reduce((sum, burst) => sum + burst, 0);
  const isExplained = explained >= need;
  const known = arriving.filter(({ name }) => cameLast.has(name) || (isExplained && !unsure.has(name)));
  return {
    basis: 'arrivals',
    isSeldomSeen: false,
    consumers: Object.fromEntries(
      known.map(({ name, sessions }) => [name, countUsual(sessions.slice(cameLast.get(name) ?? 0))]),
    ),
    users: {},
    unnamed: 0,
    dominant: dominant.map(({ name }) => name),
    over: [],
    unsure: arriving.filter((each) => !known.includes(each)).map(({ name }) => name),
  };
}

/**
 * Logins under way are no consumer of their own while others got in beside them: on a slow server they are the next ones
 * of those that came last, and would seem to have filled it in their place.
 */
function withoutLogins(clients: readonly Session[], agoOf: (session: Session) => number): readonly Session[] {
  const loggingIn = clients.filter(isLoggingIn);
  const areQuick = loggingIn.every(({ connectedMs }) => connectedMs !== null && connectedMs < LOGIN_MS);
  const gotIn = clients.filter((each) => !isLoggingIn(each));
  const oldest = Math.max(...loggingIn.map(agoOf));
  return areQuick && gotIn.some((each) => agoOf(each) < oldest) ? gotIn : clients;
}

/**
 * Of those whose burst began last, as many as it takes, the biggest: short-lived sessions come last too, and always
 * have.
 */
function biggestOfLast(arriving: readonly Arriving[], need: number): readonly Arriving[] {
  const last = untilEnough(arriving, need);
  return untilEnough(
    last.toSorted((a, b) => b.burst - a.burst),
    need,
  );
}

/** As many from the first on as have enough sessions in their bursts; all where these are too few. */
function untilEnough(arriving: readonly Arriving[], need: number): readonly Arriving[] {
  let sum = 0;
  const taken = arriving.findIndex(({ burst }) => (sum += burst) >= need) + 1;
  return taken === 0 ? arriving : arriving.slice(0, taken);
}

/** The newest sessions of a consumer that came one soon after the other. */
function readBurst(name: string, sessions: readonly Session[], agoOf: (session: Session) => number): Arriving {
  const agos = sessions.map(agoOf);
  let burst = Math.min(1, agos.length);
  while (burst < agos.length) {
    const span = (agos[burst - 1] ?? 0) - (agos[0] ?? 0);
    const usualGap = Math.max(1, span / Math.max(1, burst - 1));
    const gap = (agos[burst] ?? 0) - (agos[burst - 1] ?? 0);
    if (burst >= LEAST_NEWCOMERS && gap > GAP * usualGap + (agos[0] ?? 0) / 2) break;
    burst++;
  }
  return { name, sessions, burst, began: agos[burst - 1] ?? Infinity };
}

/** How old the oldest of them is at least: where no server shows ages, what they do shows them. */
function ageAtLeast(sessions: readonly Session[]): number {
  return sessions.reduce(
    (most, { connectedMs, stateMs, transactionMs, queryMs }) =>
      Math.max(most, connectedMs ?? Math.max(stateMs ?? 0, transactionMs ?? 0, queryMs ?? 0)),
    0,
  );
}

function countUsual(sessions: readonly Session[]): UsualCount {
  const all = sessions.length;
  return { ...countKinds(sessions), low: all, all, long: all, used: null };
}
