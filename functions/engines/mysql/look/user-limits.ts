import type { UserLimits } from '../../../core/server/snapshot.ts';
import { isServerError } from '../connect/connection.ts';
import { quoteAccount } from '../grants/grants.ts';
import type { LimitsRow } from './limits.sql.ts';
import type { Responder } from './sample.ts';
import { USER_LIMITS } from './user-limits.sql.ts';

export const QUERY_MS = 5_000;
/** No account has a longer name; MariaDB's are longer than MySQL's. */
export const NAME_CHARACTERS = 128;

/** Whose connections can be limited here, by the routine that `headroom grants --cap-users` prints. */
export async function readUserLimits(
  { connection, features }: Pick<Responder, 'connection' | 'features'>,
  { read_only }: Pick<LimitsRow, 'read_only'>,
  timeoutMs: number,
): Promise<UserLimits> {
  if (read_only === 1) {
    return { missing: ['on a replica, accounts cannot be changed: set the limit on its source manually'], users: [] };
  }
  try {
    const rows = await connection.query(USER_LIMITS, [], timeoutMs);
    const users = rows.map(({ name, host, most, refusal, most_of_all }) => ({
      user: name,
      account: quoteAccount(name, host ?? '%'),
      limit: fromSql(most),
      // Logins are counted while their account has a limit, its own or that of all.
      countsEarlier: fromSql(most) !== null || most_of_all > 0,
      refusal,
    }));
    return { missing: [], users };
  } catch (error) {
    if (!isServerError(error)) throw error;
    const print = `headroom grants --engine ${features.engine} --cap-users NAME`;
    const fix = `as an administrator, run what \`${print}\` prints`;
    return { missing: [`create the routine, or let the responder use it: ${fix}`], users: [] };
  }
}

export function fromSql(limit: number | null): number | null {
  return limit === null || limit === 0 ? null : limit;
}
