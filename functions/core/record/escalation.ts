/**
 * What people know by a page. `calm`: clients get in. `pressing`: usage is at the trigger, or they do not get in.
 * `locked-out`: neither does Headroom. `limit-needed`: a temporary limit holds clients back, and a person must choose.
 */
export type PagedState = 'calm' | 'pressing' | 'locked-out' | 'limit-needed';

/** Why a person is needed, and what is left to do, in words. Records of earlier versions have only these two. */
export interface Escalation {
  readonly reason: string;
  readonly advice: readonly string[];
  /** When people were first paged, epoch milliseconds. */
  readonly at?: number;
  /** Until when the incident stays open at most, epoch milliseconds; null when the page ends it. */
  readonly staysUntil?: number | null;
  /** Absent when the workflow broke off. */
  readonly state?: PagedState;
  /** When people were paged once more, because it had changed for the worse or they must choose; absent otherwise. */
  readonly changedAt?: number;
}

/** A person's wish that an open incident ends; it does so at its next look. */
export interface Closing {
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** May be empty. */
  readonly note: string;
}
