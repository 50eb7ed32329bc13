import { consumerOf, userOf } from './consumer.ts';
import type { Session } from './session.ts';

/** The sessions of one consumer by what they do. */
export interface ConsumerCount {
  /** As `consumerOf` writes it. */
  readonly name: string;
  /** As `userOf` writes it. */
  readonly user: string;
  readonly idle: number;
  /** Idle in a transaction, failed ones included. */
  readonly open: number;
  /** At work, waiting for a lock, logging in: everything else. */
  readonly busy: number;
  /** How many of them connected within ARRIVED_MS; null where the server does not show it. */
  readonly arrived: number | null;
}

/** Who holds the slots: the largest consumers one by one, most sessions first, and all others summed. */
export interface Consumers {
  readonly largest: readonly ConsumerCount[];
  readonly rest: { readonly consumers: number; readonly sessions: number };
}

/** Nobody but Headroom itself holds a slot. */
export function isUnheld({ largest, rest }: Consumers): boolean {
  return largest.length === 0 && rest.sessions === 0;
}

/** A sample names so many consumers: enough for nearly every server, and small in the store. */
export const MOST_CONSUMERS = 20;
/** A session has arrived lately when it connected within this time: the usual distance of two samples. */
export const ARRIVED_MS = 60_000;

/** Sessions of one kind, as a server counts them: what the sample statements of the engines return, row by row. */
export interface CountedSessions extends Pick<Session, 'user' | 'application' | 'client'> {
  readonly state: Session['state'];
  readonly sessions: number;
  readonly arrived: number | null;
}

/** Folds the counts of a server into consumers. Linear in rows. */
export function countConsumers(rows: readonly CountedSessions[]): Consumers {
  const byName = new Map<string, ConsumerCount>();
  for (const row of rows) {
    const name = consumerOf(row);
    const before = byName.get(name) ?? { name, user: userOf(row), idle: 0, open: 0, busy: 0, arrived: null };
    const kind = kindOf(row.state);
    const arrived = row.arrived === null ? before.arrived : (before.arrived ?? 0) + row.arrived;
    byName.set(name, { ...before, [kind]: before[kind] + row.sessions, arrived });
  }
  const sorted = [...byName.values()].sort((a, b) => sizeOf(b) - sizeOf(a) || (a.name < b.name ? -1 : 1));
  const rest = sorted.slice(MOST_CONSUMERS);
  return {
    largest: sorted.slice(0, MOST_CONSUMERS),
    rest: { consumers: rest.length, sessions: rest.reduce((sum, count) => sum + sizeOf(count), 0) },
  };
}

/** The same of single sessions: those of clients, without our own. `hasArrived`: null where it is not known. */
export function countSessions(
  sessions: readonly Session[],
  hasArrived: (session: Session, index: number) => boolean | null,
): Consumers {
  const rows = sessions.flatMap((session, index): CountedSessions[] => {
    if (session.kind !== 'client' || session.own) return [];
    const arrived = hasArrived(session, index);
    return [{ ...session, sessions: 1, arrived: arrived === null ? null : Number(arrived) }];
  });
  return countConsumers(rows);
}

/** `open`: idle in a transaction. `busy`: everything that is not idle. */
export const KINDS = ['idle', 'open', 'busy'] as const;
export type Kind = (typeof KINDS)[number];

export function kindOf(state: Session['state']): Kind {
  if (state === 'idle') return 'idle';
  return state.startsWith('idle-in-transaction') ? 'open' : 'busy';
}

/** How many sessions there are of each kind. */
export function countKinds(sessions: readonly Pick<Session, 'state'>[]): Record<Kind, number> {
  const counts = { idle: 0, open: 0, busy: 0 };
  for (const { state } of sessions) counts[kindOf(state)]++;
  return counts;
}

/** The most sessions of one that is only summed: each has one at least, and none more than those that are named. */
export function mostOfRest({ largest, rest }: Consumers): number {
  if (rest.consumers === 0) return 0;
  const least = Math.min(...largest.map(sizeOf));
  return Math.min(least, rest.sessions - rest.consumers + 1);
}

export function sizeOf({ idle, open, busy }: Pick<ConsumerCount, Kind>): number {
  return idle + open + busy;
}
