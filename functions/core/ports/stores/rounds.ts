import type { Round } from '../../record/round.ts';

export interface Rounds {
  put(round: Round): Promise<void>;
  /** In their order. */
  of(incidentId: string): Promise<Round[]>;
}
