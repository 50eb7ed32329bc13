import pg from 'pg';
import type { LimitOutcome } from '../../../core/protocol/worker.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import { Refused, type UserLimitChange } from '../../shared/engine.ts';
import { withServerLock } from '../../shared/server-lock.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import { LIMIT_CONNECTIONS, LIMIT_OF, NO_LIMIT } from '../look/user-limits.sql.ts';
import { findMissing, fromSql, NAME_BYTES, QUERY_MS } from '../look/user-limits.ts';

/** See EngineSession.limitUser. */
export function limitUser(
  connection: ServerConnection,
  ownUsers: readonly string[],
  { user, from, to, deadline }: UserLimitChange,
): Promise<LimitOutcome> {
  return withServerLock(serverLockOf(connection), async () => {
    if (Buffer.byteLength(user) > NAME_BYTES) return { result: 'gone', current: null, detail: '' };
    if (Date.now() >= deadline) {
      const message = 'the deadline of this request passed before the limit could be changed';
      throw new Refused({ kind: 'too-late', code: '', message });
    }
    const missing = await findMissing(connection, 'the responder', QUERY_MS);
    const before =
      missing.length > 0 ? missing.join('; ') : await change(connection, [user, toSql(from), toSql(to), ownUsers]);
    // What stands, by the catalogue and not by what we were told.
    const [row] = await connection.query(LIMIT_OF, [user], QUERY_MS);
    if (row === undefined || before === null) return { result: 'gone', current: null, detail: '' };
    const current = fromSql(row.limit);
    // What was refused and has been done by hand is not asked for any more.
    if (typeof before === 'string' && current === from) return { result: 'refused', current, detail: before };
    if (before === toSql(from) && current === to) return { result: 'done', current, detail: '' };
    return { result: current === to ? 'already' : 'changed', current, detail: '' };
  });
}

/** The limit that was found, null when there is no such role; in words, why the server would not. */
async function change(connection: ServerConnection, values: readonly unknown[]): Promise<number | null | string> {
  try {
    const [row] = await connection.query(LIMIT_CONNECTIONS, values, QUERY_MS);
    return row === undefined ? 'it is one of Headroom’s own logins' : row.found;
  } catch (error) {
    // The statement failed as a whole, so nothing was changed.
    if (error instanceof pg.DatabaseError) return error.message;
    throw error;
  }
}

export function toSql(limit: number | null): number {
  return limit ?? NO_LIMIT;
}
