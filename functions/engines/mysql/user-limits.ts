import { countBy } from '../../core/count-by.ts';
import type { Session } from '../../core/session.ts';
import type { ConsumerAtLimit } from '../../core/snapshot.ts';
import { USER_LIMITS, type LimitsRow } from './limits.sql.ts';
import type { Inside } from './sample.ts';

/** Users that have all the connections they may have: by a limit of their own, or the one for everybody. */
export async function usersAtLimit(
  { connection, features }: Inside,
  { user_limit }: LimitsRow,
  sessions: readonly Session[],
  timeoutMs: number,
): Promise<readonly ConsumerAtLimit[]> {
  const rows = features.administrators === 'privileges' ? await connection.query(USER_LIMITS, [], timeoutMs) : [];
  const own = new Map(rows.map(({ name, most }) => [name, most]));
  const clients = sessions.filter(({ kind }) => kind === 'client');
  return [...countBy(clients, ({ user }) => user)].flatMap(([user, count]): ConsumerAtLimit[] => {
    const limit = (user === null ? undefined : own.get(user)) ?? user_limit;
    return user !== null && limit > 0 && count >= limit ? [{ of: 'user', name: user, limit }] : [];
  });
}
