import type { Approval } from '../../functions/core/record/approval.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import type { SettledLimit } from '../../functions/core/record/limit.ts';
import type { Round } from '../../functions/core/record/round.ts';
import type { EndedSession } from '../../local/runs/respond-result.ts';
import type { LoadTally } from '../loads/tally.ts';

/** What a scenario's own checks may use. */
export interface DrillFacts {
  readonly incident: Incident;
  /** Those before it, where there are several; everything else here is of the last. */
  readonly earlier: readonly Incident[];
  readonly rounds: readonly Round[];
  readonly ended: readonly EndedSession[];
  readonly approvals: readonly Approval[];
  readonly loads: readonly LoadTally[];
  /** Temporary limits that were set, and how each ended. */
  readonly limits: readonly SettledLimit[];
  /** Users with a connection limit of their own on the server, when all is over. */
  readonly limitedUsers: readonly string[];
}
