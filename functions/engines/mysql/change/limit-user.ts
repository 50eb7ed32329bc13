import type { LimitOutcome } from '../../../core/protocol/worker.ts';
import type { UserLimitChange } from '../../shared/engine.ts';
import { checkDeadline, limitOutcome, NO_SUCH_USER, type LimitAttempt } from '../../shared/limiting.ts';
import { withServerLock } from '../../shared/server-lock.ts';
import { isServerError, type MysqlConnection } from '../connect/connection.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import type { Responder } from '../look/sample.ts';
import { FOUND, LIMIT_CONNECTIONS, LIMIT_OF } from '../look/user-limits.sql.ts';
import { findMissing, fromSql, NAME_CHARACTERS, QUERY_MS } from '../look/user-limits.ts';

/** See EngineSession.limitUser. */
export function limitUser(
  { connection, features, self, options }: Responder,
  { user, from, to, deadline }: UserLimitChange,
): Promise<LimitOutcome> {
  return withServerLock(serverLockOf(connection), async () => {
    if ([...user].length > NAME_CHARACTERS) return NO_SUCH_USER;
    if (user === self.user || user === options.canaryUser) return refused('it is one of Headroom’s own logins');
    checkDeadline(deadline);
    const missing = await findMissing({ connection, features }, QUERY_MS);
    if (missing.length > 0) return refused(missing.join('; '));
    const attempt = await change(connection, [user, toSql(from), toSql(to)]);
    const current = await readLimit(connection, user, 'refusal' in attempt);
    if (current !== null) return limitOutcome({ from, to }, attempt, fromSql(current));
    return 'refusal' in attempt ? refused(attempt.refusal) : NO_SUCH_USER;
  });
}

async function change(connection: MysqlConnection, values: readonly (string | number)[]): Promise<LimitAttempt> {
  try {
    await connection.run(LIMIT_CONNECTIONS, values, QUERY_MS);
  } catch (error) {
    // ALTER USER is all or nothing, and it is the last thing the routine does.
    if (isServerError(error)) return { refusal: error.message };
    throw error;
  }
  const [row] = await connection.query(FOUND, [], QUERY_MS);
  return row?.found == null ? { noSuchUser: true } : { found: fromSql(row.found) };
}

/** Null when the view does not show the user. Where the routine refused, the view may be out of our reach too. */
async function readLimit(connection: MysqlConnection, user: string, isRefused: boolean): Promise<number | null> {
  try {
    const [row] = await connection.query(LIMIT_OF, [user], QUERY_MS);
    return row?.most ?? null;
  } catch (error) {
    if (isRefused && isServerError(error)) return null;
    throw error;
  }
}

function refused(detail: string): LimitOutcome {
  return { result: 'refused', current: null, detail };
}

function toSql(limit: number | null): number {
  return limit ?? 0;
}
