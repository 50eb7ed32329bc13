import type { Acknowledgement, EventTrouble, Incident } from '../../record/incident.ts';
import type { NoticeAttempt, Repeat } from '../../record/notice.ts';

/** What people and programs have been told about an incident, open or closed, and who took it on. */
export interface Notices {
  /** A delivered notice is no longer pending. */
  recordAttempt(incidentId: string, attempt: NoticeAttempt): Promise<void>;
  /** Claims the next page for the one caller who gets the incident back, and marks it as pending in the same write. */
  claimRepeat(incident: Incident, repeat: Repeat, at: number): Promise<Incident | null>;
  /** Puts a name to an escalated or failed incident; whoever was first stays. Null when there is no such incident. */
  acknowledge(incidentId: string, acknowledgement: Acknowledgement): Promise<Incident | null>;
  /**
   * The secret that links to the incident's report are made with. `fresh` becomes it where there is none yet; null only
   * looks. Null when there is none. It never leaves the record in anything else.
   */
  reportSecret(incidentId: string, fresh: string | null): Promise<string | null>;
  /** Revokes every link to the incident's report: `fresh` is the secret from now on. */
  replaceReportSecret(incidentId: string, fresh: string): Promise<void>;
  /** Adds changes, by their ids, to those that are announced, and notes what came of the attempt. */
  recordAnnounced(incidentId: string, changes: readonly string[], trouble: EventTrouble | null): Promise<void>;
}
