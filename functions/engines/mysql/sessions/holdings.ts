import type { Holding } from '../../../core/server/session.ts';
import { opensWith } from '../../../core/server/statement.ts';
import type { Details, Usage } from './session-reader.ts';
import { isCommitting } from './states.ts';
import type { ProcessRow } from './usage.sql.ts';
import type { Work } from './work.ts';

interface Held {
  readonly locks: readonly Holding[];
  readonly isPrepared: boolean;
  readonly mayReplicate: boolean;
}

/** `locks`: see locksHeldBy. `isPrepared`: its transaction. `mayReplicate`: its user may, so what it reads in a transaction is taken for a copy. */
export function holdingsOf(
  { doing }: ProcessRow,
  { state, isAsleep, text, rowsModified }: Work,
  { locks, isPrepared, mayReplicate }: Held,
): readonly Holding[] {
  const isIdle = state === 'idle';
  const onlyReads = !isIdle && rowsModified === 0;
  return [
    ...locks.filter((lock) => lock === 'advisory-lock' || isIdle),
    ...(!isAsleep && isCommitting(doing) ? (['commit'] as const) : []),
    ...(isPrepared ? (['prepared-transaction'] as const) : []),
    ...(onlyReads && mayReplicate ? (['snapshot'] as const) : []),
    ...(isIdle && opensWith(text ?? '', 'mysql', ['CREATE', 'TEMPORARY']) ? (['temporary-table'] as const) : []),
  ];
}

/** Whether what could not be read at this look may be something that it holds, or has open. */
export function mayHoldMore({ state, isAsleep, rowsModified }: Work, unread: Usage['unread']): boolean {
  return (
    unread.lacks('transactions', 'locks', 'owners') ||
    // Where the last statement shows, it shows a temporary table and a tool.
    (isAsleep && unread.lacks('statements')) ||
    (state !== 'idle' && rowsModified === 0 && unread.lacks('replicators'))
  );
}

/** By session, as far as the server shows who holds locks of its own. */
export function locksHeldBy(
  details: Details | null,
  sessions: ReadonlyMap<number, number>,
): ReadonlyMap<number, readonly Holding[]> {
  const held = new Map<number, Holding[]>();
  const add = (id: number, holding: Holding) => {
    const known = held.get(id) ?? [];
    if (!known.includes(holding)) held.set(id, [...known, holding]);
  };
  for (const { thread, kind, kept, pending } of details?.metadataLocks ?? []) {
    const id = sessions.get(thread ?? -1);
    if (id === undefined || kept === 0 || pending === 1) continue;
    add(id, kind === 'USER LEVEL LOCK' || kind === 'LOCKING SERVICE' ? 'advisory-lock' : 'table-lock');
  }
  for (const { holder } of details?.namedLockWaits ?? []) add(holder, 'advisory-lock');
  return held;
}
