import type { MOST_REPEATS } from '../policy/policy.ts';

/** What people are notified of, each at most once per incident: the same incident id and notice is the same message. */
export type Notice = FirstNotice | Repeat;
/** `changed`: a second page, because the trouble of an escalated incident has changed for the worse. */
export type FirstNotice =
  'opened' | 'resolved' | 'escalated' | 'changed' | 'observed' | 'failed' | 'done' | 'interrupted';
export interface NoticeAttempt {
  /** `approval` goes out once for every question, when it is asked: its link is the only place that has the secret. */
  readonly notice: Notice | 'approval';
  /** The channel beside the topic; left out for the topic itself. */
  readonly channel?: string;
  /** It waits for the message that tells of all notices of its minute. */
  readonly gathered?: true;
  readonly at: number;
  readonly delivered: boolean;
  /** Why it was not delivered, otherwise empty. */
  readonly error: string;
}

/** The pages after the first one, in order. Each is sent at most once per incident, as every notice is. */
export const REPEATS = ['page-2', 'page-3', 'page-4', 'page-5'] as const satisfies { length: typeof MOST_REPEATS };
export type Repeat = (typeof REPEATS)[number];
export function isRepeat(notice: string): notice is Repeat {
  return REPEATS.some((repeat) => repeat === notice);
}

/** A notice that goes out with others of its minute, in one message: as much of it as is told there. */
export interface GatheredNotice {
  /** As printed. */
  readonly target: string;
  /** Empty for what is about no incident. */
  readonly incidentId: string;
  /** Its kind: a notice of an incident, or that of another message. */
  readonly notice: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** What is wrong, without mark and target. */
  readonly headline: string;
  /** The first thing to do. */
  readonly toDo: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * How many notices of one severity go out by themselves in a minute. SNS suspends an address that is mailed more than
 * ten times a second, and nobody reads two hundred pages; five are still read one by one.
 */
export const MOST_ALONE = 5;
