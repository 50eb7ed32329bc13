import { SCHEMA } from '../../functions/core/protocol/schema.ts';
import type { WorkerRefused } from '../../functions/core/protocol/worker.ts';
import { active, aSession, aSnapshot, many } from './a-session.ts';

/** A server of 100 usable slots, all of them held by idle sessions. */
export const leak = aSnapshot(
  100,
  many(100, 1, (id) => aSession(id)),
);

/** The same server, all of its slots held by sessions at work. */
export const busy = aSnapshot(
  100,
  many(100, 1, (id) => active(id)),
);

/** The same server with half of its slots free. */
export const calm = aSnapshot(
  100,
  many(50, 1, (id) => active(id)),
);

/** What the worker answers when it did not get in within a minute. */
export const lockedOut: WorkerRefused = {
  schema: SCHEMA,
  ok: false,
  refusal: { kind: 'full', code: '53300', message: 'sorry, too many clients already' },
  attempts: 40,
  waitedMs: 60_000,
};
