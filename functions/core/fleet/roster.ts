import { memberOf } from '../members/member.ts';
import { sha256 } from '../words/sha256.ts';

/** What a tick knows of a target: little, since it reads that of the whole fleet. */
export interface RosterRow {
  readonly id: string;
  /**
   * Since when something may be left to do for it: an incident was opened, or it was registered. Epoch milliseconds;
   * null when the reconciler has found nothing.
   */
  readonly owesSince: number | null;
  /** The instance or cluster at RDS, in lower case; null where an earlier version has written the row. */
  readonly watches: string | null;
  /** No server itself: its members are on the roster too, by `memberId`. */
  readonly isCluster: boolean;
  /** When the control plane was last asked about it, epoch milliseconds; null when never since it was registered. */
  readonly followedAt: number | null;
}

const HOUR = 60;
/** Between 6 and 8 in the morning, UTC: a worker is at its check for up to 20 s. */
const CHECKS = { from: 6 * HOUR, minutes: 2 * HOUR } as const;

/** Whether the target is checked in this minute of the day. Every target has its own minute, always the same. */
export function isCheckDue({ id }: RosterRow, at: number): boolean {
  return minuteOfDay(at) === CHECKS.from + (numberOf(id) % CHECKS.minutes);
}

/**
 * Whether the reconciler looks at the target in this minute: something may be left to do, an alarm is active, or it is
 * the target's minute of the hour, in which everybody's turn comes whatever is on record.
 */
export function isReconcileDue({ id, owesSince }: RosterRow, hasActiveAlarm: boolean, at: number): boolean {
  return owesSince !== null || hasActiveAlarm || minuteOfDay(at) % HOUR === numberOf(id) % HOUR;
}

/**
 * Whether the control plane is asked about it in this minute: when it has just been registered, and once an hour, since
 * events of RDS may be lost. Members are followed with their cluster.
 */
export function isFollowDue({ id, followedAt }: RosterRow, at: number): boolean {
  if (memberOf(id) !== null) return false;
  return followedAt === null || minuteOfDay(at) % HOUR === numberOf(id) % HOUR;
}

/** Longer than any function takes from saying that it opens an incident to opening it. */
const OPENING_MS = 5 * 60_000;

/** Whether what the reconciler did not find is not about to come: an incident that is being opened is on its way. */
export function isSettled(owesSince: number, now: number): boolean {
  return now - owesSince > OPENING_MS;
}

function minuteOfDay(at: number): number {
  return Math.floor(at / 60_000) % (24 * HOUR);
}

function numberOf(id: string): number {
  return Number.parseInt(sha256(id).slice(0, 8), 16);
}
