import type { LimitAnswer } from '../protocol/worker.ts';
import type { LimitEnd, LimitRecord } from './limit.ts';

/**
 * What to make of an attempt to lift a limit. `settled`: it is off the server for good. `waiting`: the server does not have it,
 * but the order to set it may still be on its way. `stuck`: it may stand, and could not be lifted.
 */
export type LiftVerdict =
  | { readonly kind: 'settled'; readonly end: LimitEnd }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'stuck'; readonly why: string };

/** After the last moment to set a limit: the longest its statement may run, and clocks that differ. */
export const LATE_MS = 20_000;

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
