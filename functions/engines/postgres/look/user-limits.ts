import type { UserLimits } from '../../../core/server/snapshot.ts';
import type { ServerConnection } from '../../shared/connection.ts';
import { serverWords } from '../../shared/driver-error.ts';
import { ConnectionLost } from '../../shared/engine.ts';
import { quoteRole } from '../grants/role-name.ts';
import type { LimitsRow } from './sample.ts';
import { LIMIT_ROUTINES, USER_LIMITS } from './user-limits.sql.ts';

export const QUERY_MS = 5_000;
/** The server would cut a longer name, which would then be another role's. */
export const NAME_BYTES = 63;

/** Whose connections can be limited here, by the routines that `headroom grants --cap-users` prints. */
export async function readUserLimits(
  connection: ServerConnection,
  { read_only, quoted_user }: Pick<LimitsRow, 'read_only' | 'quoted_user'>,
  timeoutMs: number,
): Promise<UserLimits> {
  if (read_only) {
    return { missing: ['on a standby, roles cannot be changed: set the limit on its primary manually'], users: [] };
  }
  try {
    const missing = await findMissing(connection, quoted_user, timeoutMs);
    if (missing.length > 0) return { missing, users: [] };
    const rows = await connection.query(USER_LIMITS, [], timeoutMs);
    const users = rows.map(({ user, limit, refusal }) => {
      return { user, account: quoteRole(user), limit: fromSql(limit), countsEarlier: true, refusal };
    });
    return { missing: [], users };
  } catch (error) {
    // An administrator's routine that fails, or waits for a lock, must not prevent the snapshot.
    if (error instanceof ConnectionLost || !(error instanceof Error)) throw error;
    return { missing: [`${REPAIR} (the server answers: ${serverWords(error) ?? error.message})`], users: [] };
  }
}

/** For an administrator. */
const RUN_GRANTS = 'as an administrator, run what `headroom grants --cap-users NAME` prints';

const REPAIR = `repair headroom.connection_limits(), or drop the schema headroom and, ${RUN_GRANTS}`;

/** What prevents us from calling the routines, and its fix; empty when nothing does. */
export async function findMissing(
  connection: ServerConnection,
  quotedUser: string,
  timeoutMs: number,
): Promise<string[]> {
  const [routines] = await connection.query(LIMIT_ROUTINES, [], timeoutMs);
  if (routines?.present !== true) return [`create the routine: ${RUN_GRANTS}`];
  if (!routines.trusted) {
    return [
      'the schema headroom and its functions must belong to administrators, be closed to others, and be as they were ' +
        `made: look who has changed them, drop that schema and, ${RUN_GRANTS}`,
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
