import pg from 'pg';
import type { LimitOutcome } from '../../../core/protocol/worker.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import type { UserLimitChange } from '../../shared/engine.ts';
import { checkDeadline, limitOutcome, NO_SUCH_USER, type LimitAttempt } from '../../shared/limiting.ts';
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
    if (Buffer.byteLength(user) > NAME_BYTES) return NO_SUCH_USER;
    checkDeadline(deadline);
    const missing = await findMissing(connection, 'the responder', QUERY_MS);
    const attempt =
      missing.length > 0
        ? { refusal: missing.join('; ') }
        : await change(connection, [user, toSql(from), toSql(to), ownUsers]);
    const [row] = await connection.query(LIMIT_OF, [user], QUERY_MS);
    return row === undefined ? NO_SUCH_USER : limitOutcome({ from, to }, attempt, fromSql(row.limit));
  });
}

async function change(connection: ServerConnection, values: readonly unknown[]): Promise<LimitAttempt> {
  try {
    const [row] = await connection.query(LIMIT_CONNECTIONS, values, QUERY_MS);
    if (row === undefined) return { refusal: 'it is one of Headroom’s own logins' };
    return row.found === null ? { noSuchUser: true } : { found: fromSql(row.found) };
  } catch (error) {
    // The statement failed as a whole, so nothing was changed.
    if (error instanceof pg.DatabaseError) return { refusal: error.message };
    throw error;
  }
}

function toSql(limit: number | null): number {
  return limit ?? NO_LIMIT;
}
