import type { Policy } from '../policy/policy.ts';
import { workedMs } from '../policy/protection.ts';
import type { Session } from '../server/session.ts';

/**
 * What it costs its users to end a session, by what the session is doing. The unit is one reconnect of a pool. The
 * order is that of the tiers. The distances are a judgement, made once and stated, so that people can compare plans and
 * argue about them. A session that waits for a lock has no price, as it is never ended: it counts as a slot that its
 * blocker frees.
 */
export const HARM = {
  idle: { points: 1, words: 'idle: its pool reconnects' },
  'failed-transaction': { points: 1, words: 'a failed transaction: it can only roll back' },
  'open-transaction': { points: 3, words: 'an idle transaction that has written nothing' },
  'written-transaction': { points: 6, words: 'an idle transaction with uncommitted work; more for more work' },
  query: { points: 5, words: 'a query; less the longer it has run' },
  'writing-query': { points: 8, words: 'a query of a transaction that has written; more for more work' },
} as const;

export type HarmKind = keyof typeof HARM;

export interface Harm {
  readonly kind: HarmKind;
  readonly points: number;
}

/** One point more for this many rows to restore or, where the server counts no rows, for this much time of writing. */
const ROWS_A_POINT = 1_000;
const MS_A_POINT = 60_000;
/** The fewest points of a query, however long it has run: it may be stuck, or no one waits for it any more. */
const LEAST_OF_QUERY = 2;

/** The harm of ending a session now. */
export function harmOf(session: Session, policy: Policy): Harm {
  const kind = kindOf(session);
  const { points } = HARM[kind];
  switch (kind) {
    case 'query':
      return { kind, points: LEAST_OF_QUERY + (points - LEAST_OF_QUERY) * youth(session, policy) };
    case 'written-transaction':
    case 'writing-query':
      return { kind, points: points + workOf(session) };
    default:
      return { kind, points };
  }
}

function kindOf({ state, hasWritten, rowsModified }: Session): HarmKind {
  if (state === 'idle') return 'idle';
  if (state === 'idle-in-transaction-aborted') return 'failed-transaction';
  const isWriter = hasWritten || (rowsModified ?? 0) > 0;
  if (state === 'idle-in-transaction') return isWriter ? 'written-transaction' : 'open-transaction';
  return isWriter ? 'writing-query' : 'query';
}

/** 1 for a query no older than the policy allows; the older it is beyond that, the less. */
function youth({ queryMs }: Session, { ages }: Policy): number {
  return Math.min(1, (ages.querySeconds * 1000) / Math.max(1, queryMs ?? 0));
}

function workOf(session: Session): number {
  if (session.rowsModified !== null) return session.rowsModified / ROWS_A_POINT;
  return workedMs(session) / MS_A_POINT;
}
