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
