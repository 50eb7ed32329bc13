import type { CauseFinding } from '../cause/finding.ts';
import type { PersonsCall } from '../plan/call.ts';
import type { Pause } from '../policy/pause.ts';
import type { TargetSettings } from '../policy/target.ts';
import type { Outcome } from '../protocol/steps.ts';
import type { Admission } from '../server/snapshot.ts';
import type { Closing, Escalation } from './escalation.ts';
import type { RefusalSeen } from '../sampler/refusal-seen.ts';
import type { Notice, NoticeAttempt } from './notice.ts';

/** An alarm event that belongs to an incident. */
export interface AlarmSighting {
  readonly alarm: string;
  /** When the alarm changed state, epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
}

/** The record of an incident, from the first alarm to closure. Percentages are of usable slots; null means unknown. */
export interface Incident {
  readonly id: string;
  readonly target: TargetSettings;
  readonly status: 'open' | 'closed';
  /** Null while open. */
  readonly outcome: Outcome | null;
  /** Grows by one with every incident of the target. Every act checks it first. */
  readonly fence: number;
  readonly alarm: AlarmSighting;
  /**
   * For an incident that a person ordered, without a workflow or a cause: `alarm` describes the call. Otherwise null.
   */
  readonly call: PersonsCall | null;
  /** Later alarms that joined: the first few, and how many in all. */
  readonly joined: readonly AlarmSighting[];
  readonly joinedCount: number;
  readonly openedAt: number;
  readonly firstActionAt: number | null;
  /** When relief was last confirmed; null again after a rebound. */
  readonly reliefAt: number | null;
  /** How often usage climbed over the trigger again after relief. */
  readonly rebounds: number;
  readonly closedAt: number | null;
  readonly serverVersion: string | null;
  /** The server of the last snapshot, as in the identity of its sessions: another one means a restart or a failover. */
  readonly serverIdentity: string | null;
  readonly admission: Admission | null;
  readonly usageBefore: number | null;
  readonly usageAfter: number | null;
  readonly usagePeak: number | null;
  /** How often Headroom itself saw a login refused as full (canary and responder). */
  readonly refused: number;
  /** When clients were seen refused, by samples too; null: nobody was. */
  readonly refusal: RefusalSeen | null;
  readonly cause: CauseFinding | null;
  /** What to change for good about the cause; empty while the cause is unknown. */
  readonly advice: readonly string[];
  readonly rounds: number;
  readonly endedCount: number;
  /** Spared sessions of the last plan, by reason. */
  readonly spared: Readonly<Record<string, number>>;
  /** Pauses of the target or its tiers that were active in the last round, widest first. */
  readonly pauses: readonly Pause[];
  /** The page that a person was sent. The incident may go on after it. */
  readonly escalation: Escalation | null;
  /** A person wants it closed; null while nobody does. */
  readonly closing: Closing | null;
  readonly failure: { readonly error: string; readonly detail: string } | null;
  /** Who has acknowledged an escalation or a failure; it pages no one any more. */
  readonly acknowledgement: Acknowledgement | null;
  /** How often people were paged again, and when last. */
  readonly repeats: number;
  readonly repeatedAt: number | null;
  /** Notices not delivered yet. */
  readonly pendingNotices: readonly Notice[];
  readonly notices: readonly NoticeAttempt[];
  /** The changes of the incident that are on the event bus, by their ids. */
  readonly announced: readonly string[];
  /** Why the bus did not take an event, and since when; null when it took the last one. */
  readonly eventTrouble: EventTrouble | null;
}

export interface EventTrouble {
  /** The first failure and the last one, epoch milliseconds. */
  readonly since: number;
  readonly at: number;
  /** What was said about the last one. */
  readonly error: string;
}

export interface Acknowledgement {
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What the person wants others to know; may be empty. */
  readonly note: string;
}
