import type { PlanSummary } from './plan-summary.ts';
import type { EndingResult, LimitResult } from './worker-protocol.ts';
import type { Choice } from './choice.ts';
import type { Repeat } from './repeats.ts';
import type { SessionIdentity } from './session.ts';
import type { Admission } from './snapshot.ts';
import type { TargetSettings } from './target.ts';
import type { ActKind, TierName } from './tiers/names.ts';
import type { Outcome } from './workflow.ts';

/** What a person is told, each at most once per incident (the same incident id and notice is the same message). */
export type Notice = FirstNotice | Repeat;
export type FirstNotice = 'opened' | 'resolved' | 'escalated' | 'observed' | 'failed' | 'done';

/** An alarm event that belongs to an incident. */
export interface AlarmSighting {
  readonly alarm: string;
  /** When the alarm changed state, epoch milliseconds. */
  readonly at: number;
  readonly reason: string;
}

export interface CauseFinding {
  readonly name: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Sentences with numbers in them. */
  readonly evidence: readonly string[];
  /** The causes that were thought possible, most likely first, with probabilities between 0 and 1. */
  readonly ranking: readonly { readonly name: string; readonly probability: number }[];
}

/** Whose sessions a person means: exact, or a prefix that ends in `*`; clients also networks in CIDR form. Null: anybody's. */
export interface CallScope {
  readonly user: string | null;
  readonly application: string | null;
  readonly database: string | null;
  readonly client: string | null;
}

/** A person's own call to end sessions, and what that person allowed. */
export interface PersonsCall extends CallScope {
  readonly by: string;
  readonly why: string;
  /** Sessions that run a query too, also those that wait for a lock. */
  readonly active: boolean;
  /** Also what only a person may throw away: maintenance statements, and more written work than the policy allows. */
  readonly costly: boolean;
  /** Within the caps of the policy. */
  readonly capped: boolean;
}

/** The record of an incident: from the first alarm to closure. Percentages are of usable slots; null means not known. */
export interface Incident {
  readonly id: string;
  readonly target: TargetSettings;
  readonly status: 'open' | 'closed';
  /** Null while open. */
  readonly outcome: Outcome | null;
  /** Grows by one with every incident of the target. Checked before every act. */
  readonly fence: number;
  readonly alarm: AlarmSighting;
  /** Null unless a person called for it: then it has no workflow, no cause, and the call stands for the alarm. */
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
  /** The server of the last look, as in the identity of its sessions: another one means a restart or a failover. */
  readonly serverIdentity: string | null;
  readonly admission: Admission | null;
  readonly usageBefore: number | null;
  readonly usageAfter: number | null;
  readonly usagePeak: number | null;
  /** How often Headroom itself saw a login refused as full (canary and responder). */
  readonly refused: number;
  readonly cause: CauseFinding | null;
  /** What to change for good, for that cause; empty while it is not known. */
  readonly advice: readonly string[];
  readonly rounds: number;
  readonly endedCount: number;
  /** Spared sessions of the last plan, by reason. */
  readonly spared: Readonly<Record<string, number>>;
  /** Pauses of the target or its tiers that were in force at the last look, widest first. */
  readonly pauses: readonly Pause[];
  /** Why a person is needed, and what is left to do, in words. */
  readonly escalation: { readonly reason: string; readonly advice: readonly string[] } | null;
  readonly failure: { readonly error: string; readonly detail: string } | null;
  /** Who has taken an escalation or a failure on; nobody is paged for it again. */
  readonly acknowledgement: Acknowledgement | null;
  /** How often people were paged again, and when last. */
  readonly repeats: number;
  readonly repeatedAt: number | null;
  /** Notices not delivered yet. */
  readonly pendingNotices: readonly Notice[];
  readonly notices: readonly NoticeAttempt[];
}

export interface Acknowledgement {
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What they want others to know; may be empty. */
  readonly note: string;
}

export interface NoticeAttempt {
  /** `approval` goes out with every question, and with its own alone: nobody but the link holds its secret. */
  readonly notice: Notice | 'approval';
  readonly at: number;
  readonly delivered: boolean;
  /** Why it was not delivered; empty otherwise. */
  readonly error: string;
}

/** A session a tier meant to end, and, once it is known, what became of it. */
export interface VictimRecord {
  readonly identity: SessionIdentity;
  readonly user: string | null;
  readonly application: string;
  readonly database: string | null;
  readonly method: 'terminate' | 'cancel';
  readonly reason: string;
  /** Null while it is not known. */
  readonly result: EndingResult | null;
  readonly detail: string;
}

/** An act as the caps see it. */
export interface ActTally {
  readonly incidentId: string;
  readonly round: number;
  readonly tier: ActKind;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** How many sessions count against the caps for this act. */
  readonly counted: number;
}

/**
 * One act of one tier. Written with its victims before anything ends, and again with their results. An act without
 * `finishedAt` counts in full against every cap until a later snapshot shows which of its victims still live.
 */
export interface Act extends ActTally {
  readonly victims: readonly VictimRecord[];
  /** The limit that was to stand before any of them was ended; null for none. */
  readonly cap: ActCap | null;
}

/** A limit an act meant to set on a user's connections, and, once it is known, what became of it. */
export interface ActCap {
  readonly user: string;
  /** As an administrator's statement names it. */
  readonly account: string;
  readonly limit: number;
  /** Null: there was none. */
  readonly before: number | null;
  readonly reason: string;
  /** Null while it is not known. */
  readonly result: LimitResult | 'not-tried' | null;
  readonly detail: string;
}

/**
 * A temporary limit that is on record: written before it is set, and taken off only when it has been lifted or is known never
 * to come. Whoever finds it without its incident lifts it.
 */
export interface CapRecord {
  readonly targetId: string;
  readonly user: string;
  /** As an administrator's statement names it. */
  readonly account: string;
  readonly incidentId: string;
  readonly limit: number;
  /** What to put back; null: no limit. */
  readonly before: number | null;
  readonly at: number;
  /** The worker sets it by then or not at all. */
  readonly setBy: number;
  /** It is known to have been set. */
  readonly isSet: boolean;
  /** When a person was told that it could not be lifted; null while nobody was. */
  readonly toldAt: number | null;
}

/**
 * How a limit ended. `lifted`: the one before is back. `never-set`: the server never had it. `changed-by-hand`: somebody had
 * set another meanwhile, which was left. `user-gone`: there is no such user any more. `dropped`: a person has taken it off the
 * record, and the server was not asked.
 */
export type CapEnd = 'lifted' | 'never-set' | 'changed-by-hand' | 'user-gone' | 'dropped';

export interface SettledCap extends CapRecord {
  readonly end: CapEnd;
  readonly endedAt: number;
  /** Who took it off the record, and why; null unless somebody did. */
  readonly dropped: DroppedCap | null;
}

export interface DroppedCap {
  readonly by: string;
  readonly why: string;
}

/** What one Diagnose saw and decided. */
export interface Round {
  readonly incidentId: string;
  readonly round: number;
  readonly at: number;
  /** Null when the worker did not get in. */
  readonly usage: number | null;
  readonly used: number | null;
  readonly usable: number | null;
  readonly byState: Readonly<Record<string, number>>;
  readonly canary: string;
  readonly admission: string;
  readonly cause: CauseFinding | null;
  /** What the workflow does next, and why. */
  readonly next: string;
  readonly why: string;
  /** Planned sessions by tier. */
  readonly planned: Readonly<Record<string, number>>;
  readonly spared: Readonly<Record<string, number>>;
  /** A few spared sessions of each reason, as words. */
  readonly sparedSamples: Readonly<Record<string, readonly string[]>>;
  /** Why these sessions and not those, where there was a choice. */
  readonly choice?: Choice;
  /** What a person is asked, when one is. */
  readonly question?: PlanSummary;
}

/** What a pause stops. Null means all of them: every target of the installation, every tier. */
export interface PauseScope {
  readonly targetId: string | null;
  readonly tier: TierName | null;
}

/** A stop that a person has put on acting. Diagnosing, recording and notifying go on. One scope has at most one. */
export interface Pause extends PauseScope {
  readonly by: string;
  readonly why: string;
  readonly at: number;
  /** Epoch milliseconds; null until resumed. */
  readonly until: number | null;
}
