import pg from 'pg';
import type { UserLimits } from '../../core/snapshot.ts';
import type { LimitOutcome } from '../../core/worker-protocol.ts';
import { ConnectionLost, Refused, type UserLimitChange } from '../engine.ts';
import type { Connection } from './connection.ts';
import { quoteRole } from './role-name.ts';
import type { LimitsRow } from './sample.ts';
import { withServerLock } from './server-lock.ts';
import { LIMIT_CONNECTIONS, LIMIT_OF, LIMIT_ROUTINES, NO_LIMIT, USER_LIMITS } from './user-limits.sql.ts';

const QUERY_MS = 5_000;
/** A longer name would be cut by the server, and be somebody else's. */
const NAME_BYTES = 63;

/** Whose connections can be limited here, by the routines that `headroom grants --cap-users` prints. */
export async function readUserLimits(
  connection: Connection,
  { read_only, quoted_user }: Pick<LimitsRow, 'read_only' | 'quoted_user'>,
  timeoutMs: number,
): Promise<UserLimits> {
  if (read_only) {
    return { missing: ['on a standby roles cannot be changed: set the limit on its primary by hand'], users: [] };
  }
  const missing = await findMissing(connection, quoted_user, timeoutMs);
  if (missing.length > 0) return { missing, users: [] };
  try {
    const rows = await connection.query(USER_LIMITS, [], timeoutMs);
    const users = rows.map(({ user, limit, refusal }) => {
      return { user, account: quoteRole(user), limit: fromSql(limit), countsEarlier: true, refusal };
    });
    return { missing: [], users };
  } catch (error) {
    // An administrator's routine that fails, or waits for a lock, must not keep us from looking.
    if (error instanceof ConnectionLost || !(error instanceof Error)) throw error;
    return { missing: [`${REPAIR} (it answers: ${error.message})`], users: [] };
  }
}

const REPAIR =
  'see to headroom.connection_limits() and its table headroom.limitable_roles, or drop the schema headroom and run what `headroom grants --cap-users NAME` prints as an administrator';

/** What keeps us from calling the routines, and what helps; nothing when all is well. */
async function findMissing(connection: Connection, quotedUser: string, timeoutMs: number): Promise<string[]> {
  const [routines] = await connection.query(LIMIT_ROUTINES, [], timeoutMs);
  const asPrinted = 'run what `headroom grants --cap-users NAME` prints as an administrator';
  if (routines?.present !== true) return [`create the routine: ${asPrinted}`];
  if (!routines.trusted) {
    return [
      `the functions of the schema headroom must be SECURITY DEFINER and belong to an administrator: drop that schema and ${asPrinted}`,
    ];
  }
  if (routines.may_call) return [];
  return [
    `GRANT USAGE ON SCHEMA headroom TO ${quotedUser}`,
    `GRANT EXECUTE ON FUNCTION headroom.limit_connections, headroom.connection_limits TO ${quotedUser}`,
  ];
}

/** See EngineSession.limitUser. */
export function limitUser(
  connection: Connection,
  ownUsers: readonly string[],
  { user, from, to, deadline }: UserLimitChange,
): Promise<LimitOutcome> {
  return withServerLock(connection, async () => {
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
async function change(connection: Connection, values: readonly unknown[]): Promise<number | null | string> {
  try {
    const [row] = await connection.query(LIMIT_CONNECTIONS, values, QUERY_MS);
    return row === undefined ? 'it is one of Headroom’s own logins' : row.found;
  } catch (error) {
    // The statement failed as a whole, so nothing was changed.
    if (error instanceof pg.DatabaseError) return error.message;
    throw error;
  }
}

function fromSql(limit: number): number | null {
  return limit < 0 ? null : limit;
}

function toSql(limit: number | null): number {
  return limit ?? NO_LIMIT;
}
