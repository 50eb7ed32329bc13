import type { DispatchResult } from '../protocol/steps.ts';

export interface Dispatcher {
  /** Hands an alarm event of the target to dispatch. Throws when the function failed. */
  dispatch(targetId: string, event: unknown): Promise<DispatchResult>;
}
