import { PREPARED_TRANSACTION, UNKNOWN_BLOCKER, type Session } from '../../functions/core/server/session.ts';

/** A session in a lock queue, below the one it waits for. */
export interface InQueue {
  /** How many are ahead of it in its branch; 0 for the head of a queue. */
  readonly depth: number;
  /** Or PREPARED_TRANSACTION, or UNKNOWN_BLOCKER, which are no sessions. */
  readonly id: number;
  /** Null where the server does not show one. */
  readonly session: Session | null;
  /** All that wait behind it in the tree. */
  readonly behind: number;
}

/**
 * Who waits for whom, as a list of branches: heads of queues first, the longest queue first, every waiter once, below
 * the first of those directly ahead of it. A circle, which the server is about to break, begins with its lowest id.
 * Linear in sessions and blockers but for the sorting.
 */
export function lockTree(sessions: readonly Session[]): InQueue[] {
  const byId = new Map(sessions.map((session) => [session.identity.id, session]));
  const waiters = sessions.filter(({ blockedBy }) => blockedBy.length > 0);
  const below = Map.groupBy(waiters, ({ blockedBy }) => blockedBy[0] ?? UNKNOWN_BLOCKER);
  const waiting = new Set(waiters.map(({ identity }) => identity.id));
  const heads = [...below.keys()].filter((id) => !waiting.has(id));
  const shown = new Set<number>();
  const branches = [...heads, ...[...waiting].sort((a, b) => a - b)].flatMap((id) => {
    const branch = branchOf(id, { byId, below, shown });
    return branch.length === 0 ? [] : [branch];
  });
  return branches.sort((a, b) => b.length - a.length || (a[0]?.id ?? 0) - (b[0]?.id ?? 0)).flat();
}

interface Walk {
  readonly byId: ReadonlyMap<number, Session>;
  readonly below: ReadonlyMap<number, readonly Session[]>;
  readonly shown: Set<number>;
}

/** Without recursion: a queue may be as long as the server has slots. */
function branchOf(head: number, { byId, below, shown }: Walk): InQueue[] {
  const nodes: { readonly id: number; readonly depth: number }[] = [];
  const rest = [{ id: head, depth: 0 }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { id, depth } = next;
    if (shown.has(id)) continue;
    shown.add(id);
    nodes.push(next);
    const followers = (below.get(id) ?? []).map(({ identity }) => identity.id).sort((a, b) => b - a);
    rest.push(...followers.map((follower) => ({ id: follower, depth: depth + 1 })));
  }
  const behind = behindEach(nodes.map(({ depth }) => depth));
  return nodes.map((node, place) => ({ ...node, session: byId.get(node.id) ?? null, behind: behind[place] ?? 0 }));
}

/** How many follow each before the next that is no deeper. */
function behindEach(depths: readonly number[]): number[] {
  const behind = depths.map(() => 0);
  const open: number[] = [];
  for (const [place, depth] of [...depths, 0].entries()) {
    while (open.length > depth) {
      const done = open.pop() ?? 0;
      behind[done] = place - done - 1;
    }
    open.push(place);
  }
  return behind;
}

/** What leads a queue and is no session, in words; null for a session. */
export function notASession(id: number): string | null {
  if (id === PREPARED_TRANSACTION) return 'a prepared transaction';
  return id === UNKNOWN_BLOCKER ? 'a blocker that the server does not show' : null;
}
