import type { PersonsCall } from '../../plan/call.ts';
import type { TargetSettings } from '../../policy/target.ts';
import type { Outcome } from '../../protocol/steps.ts';
import type { AlarmSighting, Incident } from '../../record/incident.ts';
import type { Notice } from '../../record/notice.ts';

/** How long a step holds the target after renewing its lease: longer than the longest step runs. */
export const LEASE_MS = 10 * 60_000;

/** What dispatch wants to open. */
export interface NewIncident {
  readonly id: string;
  readonly target: TargetSettings;
  readonly alarm: AlarmSighting;
  /** For an incident that a person calls for. */
  readonly call?: PersonsCall;
  readonly at: number;
  readonly leaseUntil: number;
}

/**
 * `opened`: ours, or opened by an earlier, interrupted delivery of the same event. `joined`: another incident of the
 * target is open. `expired`: another incident holds the target, but its lease has run out; ask whether its execution
 * still runs, and take over if it does not. `handled`: this very incident is closed already.
 */
export type Opening =
  | { readonly kind: 'opened' | 'joined' | 'handled'; readonly incident: Incident }
  | { readonly kind: 'expired'; readonly incident: Incident };

/** Fields of an open incident that steps write; everything else is kept by the store's own operations. */
export type IncidentChange = Partial<
  Pick<
    Incident,
    | 'firstActionAt'
    | 'reliefAt'
    | 'rebounds'
    | 'serverVersion'
    | 'serverIdentity'
    | 'admission'
    | 'usageBefore'
    | 'usageAfter'
    | 'usagePeak'
    | 'refused'
    | 'refusal'
    | 'cause'
    | 'advice'
    | 'rounds'
    | 'endedCount'
    | 'spared'
    | 'pauses'
    | 'escalation'
    | 'closing'
  >
>;

/** How an incident is closed. `notice` is what people are owed then. */
export interface IncidentEnd {
  readonly outcome: Outcome;
  readonly at: number;
  readonly failure: Incident['failure'];
  readonly notice: Notice | null;
}

/** Incidents, and which of them holds its target. One is open per target at most. */
export interface Incidents {
  /** A new incident owes the notice `opened`. */
  open(candidate: NewIncident): Promise<Opening>;
  /** Closes the expired holder as failed and opens the candidate in its place, or says who was faster. */
  takeOver(candidate: NewIncident, expired: Incident): Promise<Opening>;
  /** Extends the lease if this incident still holds the target; throws FenceLost when it does not. */
  holdFence(incident: Incident, leaseUntil: number): Promise<void>;
  /** Throws FenceLost when the incident is closed. Marks `notice` as pending in the same write when given. */
  change(id: string, change: IncidentChange, notice?: Notice): Promise<Incident>;
  /** Closes it, marks the notice as pending and lets the target go. Closing a closed incident returns it unchanged. */
  close(id: string, end: IncidentEnd): Promise<Incident>;
  /** Null when there is none. Strongly consistent. */
  byId(id: string): Promise<Incident | null>;
  /** The open incident of a target, null when there is none. Strongly consistent. */
  openOf(targetId: string): Promise<Incident | null>;
  /** Newest first. May lag behind by moments. */
  listByTarget(targetId: string, limit: number): Promise<Incident[]>;
  /** Newest first. May lag behind by moments. */
  listByStatus(status: Incident['status'], limit: number): Promise<Incident[]>;
}
