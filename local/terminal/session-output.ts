import type { Session } from '../../functions/core/server/session.ts';

/** A session in documents that programs read. */
export function sessionJson({ identity, user, application, database, client, state, stateMs, statement }: Session) {
  return { identity, user, application, database, client, state, stateMs, statement };
}
