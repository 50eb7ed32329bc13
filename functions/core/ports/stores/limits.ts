import type { DroppedLimit, LimitEnd, LimitRecord, SettledLimit } from '../../record/limit.ts';

/** Temporary limits of users, from before they are set until they are lifted. */
export interface RecordedLimits {
  /** Before a limit is set. False, and nothing written, when its user has one on record already, of any incident. */
  record(limit: LimitRecord): Promise<boolean>;
  /** The limit is known to have been set. */
  confirm(limit: LimitRecord): Promise<void>;
  /** People have been paged because it could not be lifted. */
  markReported(limit: LimitRecord, at: number): Promise<void>;
  /** Takes it off the target's record and keeps its end with the incident. Safe to repeat; leaves a later one alone. */
  settle(limit: LimitRecord, end: LimitEnd, at: number, dropped?: DroppedLimit): Promise<void>;
  /** Has a person's limit end at this time: from then on whoever finds it lifts it. */
  endAt(limit: LimitRecord, at: number): Promise<void>;
  /** The limits of a target that are on record. Strongly consistent. */
  of(targetId: string): Promise<LimitRecord[]>;
  /** The limits of an incident that have ended. */
  settledOf(incidentId: string): Promise<SettledLimit[]>;
}
