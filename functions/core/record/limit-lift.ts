import type { LimitAnswer } from '../protocol/worker.ts';
import type { LimitEnd, LimitRecord } from './limit.ts';

/**
 * The result of trying to lift a limit. `settled`: the server no longer has it and never will again. `waiting`: the
 * server does not have it, but the order to set it may still arrive. `stuck`: it may be active, and could not be
 * lifted.
 */
export type LiftVerdict =
  | { readonly kind: 'settled'; readonly end: LimitEnd }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'stuck'; readonly why: string };

/** Time after `setBy` in which a limit may still be set: the longest run of its statement, and clocks that differ. */
export const LATE_MS = 20_000;

/**
 * Whether a person's limit stays, though its incident is closed: it is known to be set, and its time is not over. One that
 * is not known to be set was never confirmed to that person, so it goes at once.
 */
export function isHeld({ isSet, until }: LimitRecord, now: number): boolean {
  return isSet && until !== undefined && now < until;
}

export function judgeLift(limit: LimitRecord, answer: LimitAnswer, now: number): LiftVerdict {
  if (!answer.ok) return { kind: 'stuck', why: `${answer.refusal.kind}: ${answer.refusal.message}` };
  const { result, detail } = answer.limit;
  const mayStillCome = !limit.isSet && now <= limit.setBy + LATE_MS;
  switch (result) {
    case 'done':
      return { kind: 'settled', end: 'lifted' };
    case 'already':
      if (mayStillCome) return { kind: 'waiting' };
      return { kind: 'settled', end: limit.isSet ? 'lifted' : 'never-set' };
    case 'changed':
      return mayStillCome ? { kind: 'waiting' } : { kind: 'settled', end: 'changed-by-hand' };
    case 'gone':
      return { kind: 'settled', end: 'user-gone' };
    case 'refused':
      return { kind: 'stuck', why: detail };
  }
}
