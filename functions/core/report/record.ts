import type { Act } from '../record/act.ts';
import type { Approval } from '../record/approval.ts';
import type { Incident } from '../record/incident.ts';
import type { SettledLimit } from '../record/limit.ts';
import type { Round } from '../record/round.ts';

/** All that is on record of an incident. Rounds, acts and approvals are in their order. */
export interface IncidentRecord {
  readonly incident: Incident;
  readonly rounds: readonly Round[];
  readonly acts: readonly Act[];
  readonly approvals: readonly Approval[];
  readonly settledLimits: readonly SettledLimit[];
}
