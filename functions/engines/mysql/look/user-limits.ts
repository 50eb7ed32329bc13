import type { UserLimits } from '../../../core/server/snapshot.ts';
import { serverWords } from '../../shared/driver-error.ts';
import { isServerError } from '../connect/connection.ts';
import { quoteAccount } from '../grants/grants.ts';
import type { LimitsRow } from './limits.sql.ts';
import type { Responder } from './sample.ts';
import { LIMIT_ROUTINES, USER_LIMITS } from './user-limits.sql.ts';

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
  const missing = await findMissing({ connection, features }, timeoutMs);
  if (missing.length > 0) return { missing, users: [] };
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
    const why = serverWords(error) ?? '';
    const fix = `create the routine, or let the responder use it: ${RUN_GRANTS} (the server answers: ${why})`;
    return { missing: [fix], users: [] };
  }
}

/** What prevents us from using the routine, and its fix; empty when nothing does. */
export async function findMissing(
  { connection, features }: Pick<Responder, 'connection' | 'features'>,
  timeoutMs: number,
): Promise<string[]> {
  try {
    const [routines] = await connection.query(LIMIT_ROUTINES[features.engine], [], timeoutMs);
    if (routines?.trusted === 1) return [];
  } catch (error) {
    if (!isServerError(error)) throw error;
  }
  return [
    'the routine of the database headroom must be there, be open to the responder, and belong to an administrator: ' +
      RUN_GRANTS,
  ];
}

/** For an administrator. */
const RUN_GRANTS = 'as an administrator, run what `headroom grants --cap-users NAME` prints';

export function fromSql(limit: number | null): number | null {
  return limit === null || limit === 0 ? null : limit;
}
