import type { ServerConnection } from '../../shared/connection.ts';
import type { Features } from '../connect/features.ts';
import { lockHolders, lockWaiters } from './sessions.sql.ts';

/** One session waits in GET_LOCK for a name, which another one holds. */
export interface NamedLockWait {
  readonly waiter: number;
  readonly holder: number;
}

/** Most names that are asked for: each is one more part of a statement. */
const MOST_NAMES = 32;
/** No lock has a longer name. */
const NAME_CHARACTERS = 64;

/**
 * Who holds the locks that sessions wait for in GET_LOCK, where metadata_locks does not show them. The waiter's
 * statement has the name, and the server tells everybody who holds a name. A lock that nobody waits for stays unseen.
 */
export async function readNamedLockWaits(
  connection: ServerConnection,
  features: Features,
  timeoutMs: number,
): Promise<readonly NamedLockWait[]> {
  const waiters = await connection.query(lockWaiters(features), [], timeoutMs);
  const named = waiters.flatMap(({ id, statement }) => {
    const name = lockNameIn(statement ?? '');
    return name === null ? [] : [{ id, name }];
  });
  const names = [...new Set(named.map(({ name }) => name))].slice(0, MOST_NAMES);
  if (names.length === 0) return [];
  const values = names.flatMap((name, place) => [place, name]);
  const rows = await connection.query(lockHolders(names.length), values, timeoutMs);
  const holders = new Map(rows.map(({ place, holder }) => [names[place], holder]));
  return named.flatMap(({ id, name }) => {
    const holder = holders.get(name) ?? null;
    return holder === null || holder === id ? [] : [{ waiter: id, holder }];
  });
}

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
