import { UNKNOWN_BLOCKER } from '../../../core/server/session.ts';
import type { MetadataLockRow } from './sessions.sql.ts';
import type { TransactionRow } from './usage.sql.ts';

/** Sessions directly ahead of each waiter, those first that do not wait themselves. */
export type Blockers = ReadonlyMap<number, readonly number[]>;

/** Most blockers of one waiter that are kept. */
const MOST = 32;

/** From waits of transactions. A blocker without a session is a prepared transaction, and counts as unknown. */
export function rowBlockers(
  waits: readonly { readonly waiter: string; readonly blocker: string }[],
  transactions: readonly TransactionRow[],
): Blockers {
  const session = new Map(transactions.map(({ trx, id }) => [trx, id]));
  const blockers = new Map<number, number[]>();
  for (const { waiter, blocker } of waits) {
    const id = session.get(waiter);
    if (id !== undefined) pushTo(blockers, id, session.get(blocker) ?? UNKNOWN_BLOCKER);
  }
  return blockers;
}

/** From locks on the objects that sessions wait for. Locks without a session belong to the server's own threads. */
export function metadataBlockers(locks: readonly MetadataLockRow[], sessions: ReadonlyMap<number, number>): Blockers {
  const blockers = new Map<number, number[]>();
  const locksOn = Map.groupBy(locks, ({ object }) => object);
  for (const wanted of locks.filter(isPending)) {
    const id = sessions.get(wanted.thread ?? -1);
    if (id === undefined) continue;
    for (const { thread } of locksAhead(wanted, locksOn.get(wanted.object) ?? [])) {
      pushTo(blockers, id, sessions.get(thread ?? -1) ?? UNKNOWN_BLOCKER);
    }
  }
  return blockers;
}

/** Of the locks on one object, those that are held or waited for ahead of this one; held ones first. */
function locksAhead(wanted: MetadataLockRow, locks: readonly MetadataLockRow[]): readonly MetadataLockRow[] {
  const others = locks.filter(({ thread }) => thread !== wanted.thread);
  return [
    ...others.filter((lock) => !isPending(lock) && conflict(wanted.type, lock.type)),
    ...others.filter((lock) => isPending(lock) && yieldsTo(wanted.type, lock.type)),
  ];
}

function isPending({ pending }: MetadataLockRow): boolean {
  return pending === 1;
}

/** All that is known of who is ahead of a session, each once. */
export function united(id: number, ...all: readonly Blockers[]): readonly number[] {
  return [...new Set(all.flatMap((blockers) => blockers.get(id) ?? []))].filter((other) => other !== id).slice(0, MOST);
}

function pushTo(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else if (list.length < MOST && !list.includes(value)) list.push(value);
}

/**
 * The types of lock that each type goes together with on a table (MySQL's source, mdl.cc); EXCLUSIVE goes with none.
 */
const GOES_WITH: Readonly<Record<string, ReadonlySet<string>>> = {
  INTENTION_EXCLUSIVE: new Set(['INTENTION_EXCLUSIVE']),
  SHARED: namesWithout('EXCLUSIVE', 'INTENTION_EXCLUSIVE'),
  SHARED_HIGH_PRIO: namesWithout('EXCLUSIVE'),
  SHARED_READ: namesWithout('SHARED_NO_READ_WRITE', 'EXCLUSIVE'),
  SHARED_WRITE: namesWithout('SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE'),
  SHARED_WRITE_LOW_PRIO: namesWithout('SHARED_READ_ONLY', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE'),
  SHARED_UPGRADABLE: namesWithout('SHARED_UPGRADABLE', 'SHARED_NO_WRITE', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE'),
  SHARED_READ_ONLY: namesWithout('SHARED_WRITE', 'SHARED_WRITE_LOW_PRIO', 'SHARED_NO_READ_WRITE', 'EXCLUSIVE'),
  SHARED_NO_WRITE: new Set(['SHARED', 'SHARED_HIGH_PRIO', 'SHARED_READ', 'SHARED_READ_ONLY']),
  SHARED_NO_READ_WRITE: new Set(['SHARED', 'SHARED_HIGH_PRIO']),
};

function namesWithout(...conflicting: readonly string[]): ReadonlySet<string> {
  const names = [
    'INTENTION_EXCLUSIVE',
    'SHARED',
    'SHARED_HIGH_PRIO',
    'SHARED_READ',
    'SHARED_WRITE',
    'SHARED_WRITE_LOW_PRIO',
    'SHARED_UPGRADABLE',
    'SHARED_READ_ONLY',
    'SHARED_NO_WRITE',
    'SHARED_NO_READ_WRITE',
    'EXCLUSIVE',
  ];
  return new Set(names.filter((name) => !conflicting.includes(name)));
}

/**
 * A type that is not known here conflicts with every other: one blocker too many spares sessions, one too few does not.
 */
function conflict(wanted: string, held: string): boolean {
  return GOES_WITH[wanted]?.has(held) !== true;
}

/** A session that waits to change a table, or to stop all writing, goes before those that came later. */
const COMES_FIRST: ReadonlySet<string> = new Set(['EXCLUSIVE', 'SHARED_NO_READ_WRITE', 'SHARED_NO_WRITE']);

function yieldsTo(wanted: string, waiting: string): boolean {
  const comesFirst = COMES_FIRST.has(waiting) || (waiting === 'SHARED' && wanted === 'INTENTION_EXCLUSIVE');
  return comesFirst && !COMES_FIRST.has(wanted) && conflict(wanted, waiting);
}

/** One session waits in GET_LOCK for a name, which another one holds. */
export interface NamedLockWait {
  readonly waiter: number;
  readonly holder: number;
}

/** No lock has a longer name. */
const NAME_CHARACTERS = 64;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', '0': '\0', Z: '\x1a' };

/** The name that a statement asks GET_LOCK for; null where it is no literal, or no name of a lock. */
export function lockNameIn(statement: string): string | null {
  const [, quoted] = /\bGET_LOCK\s*\(\s*('(?:[^'\\]|''|\\[^])*'|"(?:[^"\\]|""|\\[^])*")\s*,/i.exec(statement) ?? [];
  if (quoted === undefined) return null;
  const name = quoted
    .slice(1, -1)
    .replace(/''|""|\\[^]/g, (pair) =>
      pair.startsWith('\\') ? (ESCAPES[pair.slice(1)] ?? pair.slice(1)) : pair.slice(1),
    );
  return name === '' || [...name].length > NAME_CHARACTERS ? null : name;
}
