import type { UserLimits } from '../../../core/server/snapshot.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import { ConnectionLost } from '../../shared/engine.ts';
import { quoteRole } from '../grants/role-name.ts';
import type { LimitsRow } from './sample.ts';
import { LIMIT_ROUTINES, USER_LIMITS } from './user-limits.sql.ts';

export const QUERY_MS = 5_000;
/** A longer name would be cut by the server, and be somebody else's. */
export const NAME_BYTES = 63;

/** Whose connections can be limited here, by the routines that `headroom grants --cap-users` prints. */
export async function readUserLimits(
  connection: ServerConnection,
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
export async function findMissing(
  connection: ServerConnection,
  quotedUser: string,
  timeoutMs: number,
): Promise<string[]> {
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

export function fromSql(limit: number): number | null {
  return limit < 0 ? null : limit;
}
