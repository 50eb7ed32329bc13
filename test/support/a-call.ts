import type { PersonsCall } from '../../functions/core/plan/call.ts';

/** A call for the idle sessions of `app`, changed by what the test says. */
export function aCall(changed: Partial<PersonsCall> = {}): PersonsCall {
  const scope = { user: 'app', application: null, database: null, client: null };
  return { ...scope, by: 'ann', why: 'it leaks', active: false, costly: false, capped: true, ...changed };
}
