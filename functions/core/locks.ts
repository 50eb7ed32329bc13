import type { Session } from './session.ts';

/** What the lock queues look like from one session's place. */
export interface LockQueues {
  /** Waiters that only this session holds up, directly or through others, by the root's id. */
  readonly behind: ReadonlyMap<number, readonly Session[]>;
  /** Sessions at the head of a queue together with others: ending one alone frees nobody. */
  readonly shared: ReadonlySet<number>;
  /** Waiters behind a prepared transaction, which belongs to no session. */
  readonly behindPrepared: number;
  readonly waiters: number;
}

/** PostgreSQL names a prepared transaction as blocker 0. */
const PREPARED = 0;

/**
 * Finds the head of every lock queue. A waiter is put down to one root only if all that hold it up lead to that root.
 * Linear in sessions and blockers; sessions in a cycle (a deadlock the server is about to break) have no root.
 */
export function readLockQueues(sessions: readonly Session[]): LockQueues {
  const byId = new Map(sessions.map((session) => [session.identity.id, session]));
  const rootsById = new Map<number, Roots>();
  const behind = new Map<number, Session[]>();
  const shared = new Set<number>();
  let behindPrepared = 0;
  let waiters = 0;
  for (const session of sessions) {
    if (session.blockedBy.length === 0) continue;
    waiters++;
    const roots = findRoots(session.identity.id, byId, rootsById);
    if (roots.length === 1 && roots[0] === PREPARED) behindPrepared++;
    else if (roots.length === 1 && roots[0] !== undefined) pushTo(behind, roots[0], session);
    else for (const root of roots) shared.add(root);
  }
  return { behind, shared, behindPrepared, waiters };
}

/** At most two are kept: one is an answer, two mean "several". */
type Roots = readonly number[];

/** Depth-first with its own stack, as chains can be thousands long. */
function findRoots(start: number, byId: ReadonlyMap<number, Session>, known: Map<number, Roots>): Roots {
  const stack = [start];
  const open = new Set<number>();
  while (stack.length > 0) {
    const id = stack[stack.length - 1] ?? start;
    if (known.has(id)) {
      stack.pop();
      continue;
    }
    const blockers = id === PREPARED ? [] : (byId.get(id)?.blockedBy ?? []);
    if (blockers.length === 0) {
      known.set(id, [id]);
      stack.pop();
    } else if (open.has(id)) {
      known.set(id, unite(blockers, known));
      open.delete(id);
      stack.pop();
    } else {
      open.add(id);
      for (const blocker of blockers) if (!known.has(blocker) && !open.has(blocker)) stack.push(blocker);
    }
  }
  return known.get(start) ?? [];
}

function unite(blockers: readonly number[], known: ReadonlyMap<number, Roots>): Roots {
  const roots = new Set<number>();
  for (const blocker of blockers) {
    for (const root of known.get(blocker) ?? []) roots.add(root);
    if (roots.size > 1) break;
  }
  return [...roots].slice(0, 2);
}

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
