import type { Act, ActTally } from '../../record/act.ts';

export interface Acts {
  /**
   * Writes the act and its victims, in as many items as they need. Throws ActRepeated when the act exists: acting is
   * never repeated.
   */
  start(targetId: string, act: Act): Promise<void>;
  /** Writes results and how many sessions count against the budgets from now on. */
  finish(targetId: string, act: Act): Promise<void>;
  of(incidentId: string): Promise<Act[]>;
  /** Acts on a target since a time, of any incident. Strongly consistent: the budgets rest on it. */
  tallies(targetId: string, since: number): Promise<ActTally[]>;
}
