import type { LimitOutcome } from '../../../core/protocol/worker.ts';
import { Refused, type UserLimitChange } from '../../shared/engine.ts';
import { withServerLock } from '../../shared/server-lock.ts';
import { isServerError, type MysqlConnection } from '../connect/connection.ts';
import { serverLockOf } from '../connect/server-lock.ts';
import type { Inside } from '../look/sample.ts';
import { FOUND, LIMIT_CONNECTIONS, LIMIT_OF } from '../look/user-limits.sql.ts';
import { fromSql, NAME_CHARACTERS, QUERY_MS } from '../look/user-limits.ts';

/** See EngineSession.limitUser. */
export function limitUser(
  { connection, self, options }: Inside,
  { user, from, to, deadline }: UserLimitChange,
): Promise<LimitOutcome> {
  return withServerLock(serverLockOf(connection), async () => {
    if ([...user].length > NAME_CHARACTERS) return { result: 'gone', current: null, detail: '' };
    if (user === self.user || user === options.canaryUser) return refuse('it is one of Headroom’s own logins');
    if (Date.now() >= deadline) {
      const message = 'the deadline of this request passed before the limit could be changed';
      throw new Refused({ kind: 'too-late', code: '', message });
    }
    const before = await change(connection, [user, toSql(from), toSql(to)]);
    // What stands, by the account itself and not by what we were told.
    const [row] = await readLimit(connection, user, typeof before === 'string');
    if (typeof before === 'string' && row?.most == null) return refuse(before);
    if (row?.most == null || before === null) return { result: 'gone', current: null, detail: '' };
    const current = fromSql(row.most);
    // What was refused and has been done by hand is not asked for any more.
    if (typeof before === 'string' && current === from) return refuse(before);
    if (before === toSql(from) && current === to) return { result: 'done', current, detail: '' };
    return { result: current === to ? 'already' : 'changed', current, detail: '' };
  });
}

/** The limit that was found, null when there is no such user; in words, why the server would not. */
async function change(
  connection: MysqlConnection,
  values: readonly (string | number)[],
): Promise<number | null | string> {
  try {
    await connection.run(LIMIT_CONNECTIONS, values, QUERY_MS);
  } catch (error) {
    // ALTER USER is all or nothing, and it is the last thing the routine does.
    if (isServerError(error)) return error.message;
    throw error;
  }
  const [row] = await connection.query(FOUND, [], QUERY_MS);
  return row?.found ?? null;
}

/** Where the routine refused, the view may be out of our reach too. */
async function readLimit(connection: MysqlConnection, user: string, isRefused: boolean) {
  try {
    return await connection.query(LIMIT_OF, [user], QUERY_MS);
  } catch (error) {
    if (isRefused && isServerError(error)) return [];
    throw error;
  }
}

function refuse(detail: string): LimitOutcome {
  return { result: 'refused', current: null, detail };
}

export function toSql(limit: number | null): number {
  return limit ?? 0;
}
