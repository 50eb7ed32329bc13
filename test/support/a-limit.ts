import {
  carryOutLimit,
  proposeLimit,
  type LimitingCall,
  type LimitResult,
} from '../../functions/call/carry-out-limit.ts';
import type { TargetSettings } from '../../functions/core/policy/target.ts';
import { aCall } from './a-call.ts';
import { CHECKOUT } from './storming.ts';

export const HALF_AN_HOUR = 30 * 60_000;

/** A call that limits the user that storms to sixty connections for half an hour, changed by what the test says. */
export function aLimitCall(connections = 60, user = CHECKOUT): LimitingCall {
  return { ...aCall({ why: 'it storms' }), user, limit: { connections, forMs: HALF_AN_HOUR } };
}

/** Proposed and confirmed. */
export async function limitByPerson(
  target: TargetSettings,
  deps: Parameters<typeof proposeLimit>[2],
  call = aLimitCall(),
): Promise<LimitResult> {
  return carryOutLimit(await proposeLimit(target, call, deps), deps);
}
