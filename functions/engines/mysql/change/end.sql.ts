import type { EndMethod } from '../../../core/protocol/worker.ts';
import type { Features } from '../connect/features.ts';
import type { Stillness } from '../sessions/work.ts';

/**
 * Ends, or cancels the query of, one session that has done nothing since it was read: same connection id, on the same
 * statement, or still asleep after it. Connection ids are never used twice while a server runs, and this runs on the
 * connection that read the session, so the id is the whole identity. It is one text, so that nothing but the server's
 * next instruction lies between the check and the end. KILL takes a variable and no subquery; for a session that has
 * moved on it becomes KILL NULL, which is error 1094 like every id that is not there.
 * Constant but for numbers. MySQL 8.0 and later, MariaDB 10.6 and later; needs CONNECTION_ADMIN, or EXECUTE on RDS's
 * procedures.
 */
export function endIfStill(features: Features, method: EndMethod, id: number, { isAsleep, ...still }: Stillness) {
  const { sql, values } = stillThere(features, still, id, isAsleep ? 1 : 0);
  return { sql: `SET @headroom_victim = (${sql}); ${KILL[features.kills][method]}`, values };
}

/** Both take the connection id; RDS's documentation gives it another name in the second. */
const KILL = {
  statements: { terminate: 'KILL @headroom_victim', cancel: 'KILL QUERY @headroom_victim' },
  procedures: {
    terminate: 'CALL mysql.rds_kill(@headroom_victim)',
    cancel: 'CALL mysql.rds_kill_query(@headroom_victim)',
  },
} as const satisfies Record<Features['kills'], Record<EndMethod, string>>;

/**
 * A statement that began since shows by its number, and by a TIME that has gone back. The number alone is not enough:
 * it does not change while the tracking of performance_schema is off.
 */
function stillThere(
  features: Features,
  { thread, statement, seconds }: Omit<Stillness, 'isAsleep'>,
  id: number,
  isAsleep: 0 | 1,
): { readonly sql: string; readonly values: readonly number[] } {
  const { hasTimers, hasQueryIds } = features;
  const isUnchanged = hasQueryIds ? 'QUERY_ID = ?' : 'TIME >= ?';
  const listed = {
    sql: /* SQL */ `
      SELECT ID FROM ${features.processlist}
      WHERE ID = ? AND (COMMAND = 'Sleep') = ? AND ${isUnchanged}`,
    values: [id, isAsleep, hasQueryIds ? (statement ?? 0) : seconds],
  };
  if (!hasTimers || thread === null || statement === null) return listed;
  return {
    sql: /* SQL */ `${listed.sql} AND 1 = (
        SELECT COUNT(*) FROM performance_schema.events_statements_current
        WHERE THREAD_ID = ? AND EVENT_ID = ? AND NESTING_EVENT_LEVEL = 0 AND (END_EVENT_ID IS NOT NULL) = ?
      )`,
    values: [...listed.values, thread, statement, isAsleep],
  };
}
