import { policy } from '../../functions/core/policy/policy.ts';
import { protectionOf } from '../../functions/core/policy/protection.ts';
import { consumerOf, poolOf } from '../../functions/core/server/consumer.ts';
import type { Session } from '../../functions/core/server/session.ts';
import { isMaintenance } from '../../functions/core/server/statement.ts';
import { slotsTaken, type Snapshot } from '../../functions/core/server/snapshot.ts';
import { RELIEF_PERCENT } from './world/stranger.ts';

/** What somebody else would end by the same snapshot. */
export interface Choice {
  readonly id: number;
  readonly method: 'terminate' | 'cancel';
}

export interface Peer {
  readonly name: string;
  readonly choose: (snapshot: Snapshot) => readonly Choice[];
}

const MINUTE = 60_000;
const POLICY = policy.parse({});

const terminate = ({ identity: { id } }: Session): Choice => ({ id, method: 'terminate' });
const cancel = ({ identity: { id } }: Session): Choice => ({ id, method: 'cancel' });
const clientsOf = ({ sessions }: Snapshot): Session[] =>
  sessions.filter(({ kind, superuser, own }) => kind === 'client' && !superuser && !own);

/** The runbooks' first commands, with their own ages. */
const runbook: Peer = {
  name: 'the runbook’s rules',
  choose: (snapshot) => {
    const clients = clientsOf(snapshot);
    if (snapshot.server.engine !== 'postgres')
      return clients.filter(({ stateMs }) => (stateMs ?? 0) > 5 * MINUTE).map(terminate);
    const idle = clients.filter(({ state, connectedMs }) => state === 'idle' && (connectedMs ?? 0) > 5 * MINUTE);
    const long = clients.filter(({ state, queryMs }) => state === 'active' && (queryMs ?? 0) > 10 * MINUTE);
    return [...idle.map(terminate), ...long.map(cancel)];
  },
};

/** pt-kill with what its documentation shows: what sleeps for long, and what is busy for long. */
const ptKill: Peer = {
  name: 'pt-kill',
  choose: (snapshot) =>
    clientsOf(snapshot)
      .filter(({ state, stateMs, queryMs }) =>
        state === 'active' ? (queryMs ?? 0) > 10 * MINUTE : (stateMs ?? 0) > 5 * MINUTE,
      )
      .map(terminate),
};

/**
 * Five rules: (1) nobody who is protected, works or waits; (2) a root blocker goes first; (3) then what is longest idle
 * in a transaction; (4) then the longest queries of the consumer that has most of them; (5) then the longest idle of
 * the consumer that has most idle sessions, two of each pool stay. And no more than needed.
 */
const carefulDba: Peer = {
  name: 'five rules of a careful DBA',
  choose: (snapshot) => {
    const open = clientsOf(snapshot).filter(
      (session) =>
        protectionOf(session, POLICY) === null && !(session.statement && isMaintenance(session.statement.verb)),
    );
    let need = slotsTaken(snapshot) - Math.floor((RELIEF_PERCENT * snapshot.limits.usable) / 100);
    const chosen: Choice[] = [];
    const take = (sessions: readonly Session[], how: (session: Session) => Choice) => {
      for (const session of sessions.slice(0, Math.max(0, need))) {
        chosen.push(how(session));
        need--;
      }
    };
    const roots = rootsOf(snapshot).filter((root) => open.includes(root));
    if (roots.length > 0) return roots.map(terminate);
    const forgotten = open.filter(
      ({ state, stateMs }) => state.startsWith('idle-in-transaction') && (stateMs ?? 0) > MINUTE,
    );
    take(longestFirst(forgotten, 'stateMs'), terminate);
    const long = open.filter(({ state, queryMs }) => state === 'active' && (queryMs ?? 0) > 5 * MINUTE);
    take(longestFirst(largestGroup(long), 'queryMs'), cancel);
    const idle = open.filter(({ state, stateMs }) => state === 'idle' && (stateMs ?? 0) > 5 * MINUTE);
    take(longestFirst(largestGroup(idle), 'stateMs').slice(0, -2), terminate);
    return chosen;
  },
};

function rootsOf({ sessions }: Snapshot): Session[] {
  const ahead = new Map<number, number>();
  for (const { blockedBy } of sessions) for (const id of blockedBy) ahead.set(id, (ahead.get(id) ?? 0) + 1);
  return sessions.filter(({ identity: { id }, blockedBy }) => blockedBy.length === 0 && (ahead.get(id) ?? 0) >= 3);
}

function largestGroup(sessions: readonly Session[]): Session[] {
  const groups = Map.groupBy(sessions, (session) => `${consumerOf(session)} ${poolOf(session)}`);
  return [...groups.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

function longestFirst(sessions: readonly Session[], by: 'stateMs' | 'queryMs'): Session[] {
  return [...sessions].sort((a, b) => (b[by] ?? 0) - (a[by] ?? 0) || a.identity.id - b.identity.id);
}

export const PEERS: readonly Peer[] = [runbook, ptKill, carefulDba];
