import type { Session } from '../../functions/core/server/session.ts';

/** A session in documents that programs read. */
export function sessionJson(session: Session) {
  const { identity, user, application, database, client, state, stateMs, blockedBy, statement } = session;
  return { identity, user, application, database, client, state, stateMs, blockedBy, statement };
}
