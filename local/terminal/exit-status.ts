import type { Outcome } from '../../functions/core/protocol/steps.ts';

/** What the programs' exit statuses mean. */
export const EXIT = { ok: 0, failedCheck: 1, usage: 2, escalated: 3, failed: 4 } as const;

const BY_OUTCOME = {
  relieved: EXIT.ok,
  'not-needed': EXIT.ok,
  observed: EXIT.ok,
  done: EXIT.ok,
  escalated: EXIT.escalated,
  failed: EXIT.failed,
  interrupted: EXIT.failed,
} as const satisfies Record<Outcome, number>;

/** Null, an incident that did not close, counts as failed. */
export function exitStatusOf(outcome: Outcome | null): number {
  return outcome === null ? EXIT.failed : BY_OUTCOME[outcome];
}
