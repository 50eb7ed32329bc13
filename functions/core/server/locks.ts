import { PREPARED_TRANSACTION, UNKNOWN_BLOCKER, waitsForMutex, type Session } from './session.ts';

export interface LockQueues {
  /** By a root's id: the waiters that this root alone blocks, directly or through others, and that its end frees. */
  readonly behind: ReadonlyMap<number, readonly Session[]>;
  /** By a root's id: waiters for a mutex, and those behind them. Its end frees none: the next one holds the mutex. */
  readonly behindMutex: ReadonlyMap<number, readonly Session[]>;
  /** Sessions that share the head of a queue with others: ending one alone frees no waiter. */
  readonly shared: ReadonlySet<number>;
  /** Waiters behind a prepared transaction, which belongs to no session. */
  readonly behindPrepared: number;
  /** Waiters whose blockers the server does not show. */
  readonly behindUnknown: number;
}

/**
 * Finds the heads of the lock queues and works outward from them: a waiter is settled once all its blockers are. A
 * waiter is attributed to one root only if everything ahead of it leads there. Sessions in a cycle (a deadlock that the
 * server is about to break), and those behind it, are never settled and have no root. Linear in sessions and blockers,
 * in any order.
 */
export function readLockQueues(sessions: readonly Session[]): LockQueues {
  const waitersById = new Map<number, Session>();
  for (const session of sessions) if (session.blockedBy.length > 0) waitersById.set(session.identity.id, session);

  const followers = new Map<number, number[]>();
  const unsettled = new Map<number, number>();
  for (const [id, waiter] of waitersById) {
    const blockers = new Set(waiter.blockedBy);
    unsettled.set(id, blockers.size);
    for (const blocker of blockers) pushTo(followers, blocker, id);
  }

  const roots = new Map<number, Roots>();
  const queuesForMutex = new Set([...waitersById].flatMap(([id, waiter]) => (waitsForMutex(waiter) ? [id] : [])));
  const queue = [...followers.keys()].filter((id) => !waitersById.has(id));
  for (const id of queue) roots.set(id, [id]);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const follower of followers.get(id) ?? []) {
      roots.set(follower, unite(roots.get(follower) ?? [], roots.get(id) ?? []));
      if (queuesForMutex.has(id)) queuesForMutex.add(follower);
      const open = (unsettled.get(follower) ?? 0) - 1;
      unsettled.set(follower, open);
      if (open === 0) queue.push(follower);
    }
  }
  for (const [id, open] of unsettled) if (open > 0) waitersById.delete(id);
  return group(waitersById, roots, queuesForMutex);
}

/** The lowest two ids that lead a queue: one id is the answer, two mean "several". */
type Roots = readonly number[];

function unite(a: Roots, b: Roots): Roots {
  return [...new Set([...a, ...b])].sort((x, y) => x - y).slice(0, 2);
}

/** `waiters`: those that are settled. */
function group(
  waiters: ReadonlyMap<number, Session>,
  roots: ReadonlyMap<number, Roots>,
  queuesForMutex: ReadonlySet<number>,
): LockQueues {
  const behind = new Map<number, Session[]>();
  const behindMutex = new Map<number, Session[]>();
  const shared = new Set<number>();
  let behindPrepared = 0;
  let behindUnknown = 0;
  for (const [id, waiter] of waiters) {
    const [root, other] = roots.get(id) ?? [];
    if (root === undefined) continue;
    if (root === UNKNOWN_BLOCKER) behindUnknown++;
    else if (queuesForMutex.has(id)) pushTo(behindMutex, root, waiter);
    else if (other !== undefined) shared.add(root).add(other);
    else if (root === PREPARED_TRANSACTION) behindPrepared++;
    else pushTo(behind, root, waiter);
  }
  return { behind, behindMutex, shared, behindPrepared, behindUnknown };
}

/** Who is directly ahead of a waiter, as a person looks for it in a list of sessions: `57, 60`; empty for no waiter. */
export function describeAhead({ blockedBy }: Pick<Session, 'blockedBy'>): string {
  const words = blockedBy.map((id) => AHEAD_WORDS.get(id) ?? String(id));
  return [...words.slice(0, MOST_AHEAD), ...(words.length > MOST_AHEAD ? ['…'] : [])].join(', ');
}

const MOST_AHEAD = 3;
const AHEAD_WORDS: ReadonlyMap<number, string> = new Map([
  [PREPARED_TRANSACTION, 'a prepared transaction'],
  [UNKNOWN_BLOCKER, 'not shown'],
]);

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
