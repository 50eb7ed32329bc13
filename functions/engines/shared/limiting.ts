import type { LimitOutcome } from '../../core/protocol/worker.ts';
import { Refused, type UserLimitChange } from './engine.ts';

/** What an administrator's routine answered to a change: the limit that it found, or why it changed nothing. */
export type LimitAttempt =
  { readonly found: number | null } | { readonly noSuchUser: true } | { readonly refusal: string };

export const NO_SUCH_USER: LimitOutcome = { result: 'gone', current: null, detail: '' };

/** Throws Refused when it is too late to change a limit. */
export function checkDeadline(deadline: number): void {
  if (Date.now() < deadline) return;
  const message = 'the deadline of this request passed before the limit could be changed';
  throw new Refused({ kind: 'too-late', code: '', message });
}

/** `current`: the limit as the server has it after the attempt, whatever the routine said. */
export function limitOutcome(
  { from, to }: Pick<UserLimitChange, 'from' | 'to'>,
  attempt: LimitAttempt,
  current: number | null,
): LimitOutcome {
  if ('noSuchUser' in attempt) return NO_SUCH_USER;
  // What was refused and has been done manually since is no longer asked for.
  if ('refusal' in attempt && current === from) return { result: 'refused', current, detail: attempt.refusal };
  if ('found' in attempt && attempt.found === from && current === to) return { result: 'done', current, detail: '' };
  return { result: current === to ? 'already' : 'changed', current, detail: '' };
}
