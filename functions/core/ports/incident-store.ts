import type { PersonsCall } from '../plan/call.ts';
import type { Pause, PauseScope } from '../policy/pause.ts';
import type { TargetSettings } from '../policy/target.ts';
import type { Outcome } from '../protocol/steps.ts';
import type { Act, ActTally } from '../record/act.ts';
import type { Answer, Approval, Decision, Question, QuestionKey } from '../record/approval.ts';
import type { Acknowledgement, AlarmSighting, Incident } from '../record/incident.ts';
import type { DroppedLimit, LimitEnd, LimitRecord, SettledLimit } from '../record/limit.ts';
import type { Notice, NoticeAttempt, Repeat } from '../record/notice.ts';
import type { Round } from '../record/round.ts';
import type { StoredSample } from '../sampler/stored-sample.ts';

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
    | 'cause'
    | 'advice'
    | 'rounds'
    | 'endedCount'
    | 'spared'
    | 'pauses'
    | 'escalation'
  >
>;

/** A warning of the sampler that has not cleared yet. */
export interface StandingWarning {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly since: number;
  /** Null while nobody has been told. */
  readonly toldAt: number | null;
}

/** What a question is stored with and never read out with. */
export interface QuestionSecrets {
  /** Wakes the workflow that waits for the answer. */
  readonly taskToken: string;
  readonly secretHash: string;
}

export interface AnswerToQuestion {
  readonly answer: Answer;
  /** Of the plan that the person has seen. */
  readonly planHash: string;
  /** Of the link's secret; null for a person who needs no link. */
  readonly secretHash: string | null;
  readonly decision: Decision;
}

/** Questions to people, and what became of them. Every step is one conditional write, so of all who try one wins. */
export interface Approvals {
  /** False when this round has asked already. */
  openQuestion(question: Question, secrets: QuestionSecrets): Promise<boolean>;
  /** In the order of their rounds. Strongly consistent. */
  approvals(incidentId: string): Promise<Approval[]>;
  /** Null when there is no such question, or it was not asked with this secret. Strongly consistent. */
  asked(key: QuestionKey, secretHash: string): Promise<Approval | null>;
  /** Null when it is not pending any more, was asked about another plan or with another secret, or has run out. */
  answer(key: QuestionKey, answer: AnswerToQuestion): Promise<Approval | null>;
  /** Ends it unless it was answered or ended before. Returns how it stands; null when there is none. */
  endQuestion(key: QuestionKey, status: 'expired' | 'withdrawn', at: number): Promise<Approval | null>;
  /** Takes a yes for one act: true for one caller, and only while it is fresh. */
  useApproval(key: QuestionKey, use: { readonly round: number; readonly at: number }): Promise<boolean>;
  /** Null when nothing waits for the answer any more. */
  taskTokenOf(key: QuestionKey): Promise<string | null>;
  taskResumed(key: QuestionKey): Promise<void>;
}

/** The incident store. Works without transactions: every step is a single conditional write, and safe to repeat. */
export interface IncidentStore extends Approvals {
  /** A new incident owes the notice `opened`. */
  open(candidate: NewIncident): Promise<Opening>;
  /** Closes the expired holder as failed and opens the candidate in its place, or says who was faster. */
  takeOver(candidate: NewIncident, expired: Incident): Promise<Opening>;
  /** Null when there is none. Strongly consistent. */
  incident(id: string): Promise<Incident | null>;
  /** The open incident of a target, null when there is none. Strongly consistent. */
  openIncidentOf(targetId: string): Promise<Incident | null>;
  /** Extends the lease if this incident still holds the target; throws FenceLost when it does not. */
  holdFence(incident: Incident, leaseUntil: number): Promise<void>;
  /** Throws FenceLost when the incident is closed. Marks `notice` as pending in the same write when given. */
  change(id: string, change: IncidentChange, notice?: Notice): Promise<Incident>;
  /** Closes it, marks the notice as pending and lets the target go. Closing a closed incident returns it unchanged. */
  close(
    id: string,
    end: { outcome: Outcome; at: number; failure: Incident['failure']; notice: Notice | null },
  ): Promise<Incident>;
  /** Puts a name to an escalated or failed incident; whoever was first stays. Null when there is no such incident. */
  acknowledge(id: string, acknowledgement: Acknowledgement): Promise<Incident | null>;
  /** Claims the next page for the one caller who gets the incident back, and marks it as pending in the same write. */
  claimRepeat(incident: Incident, repeat: Repeat, at: number): Promise<Incident | null>;
  /** Notes an attempt; a delivered notice is no longer pending. */
  noticed(id: string, attempt: NoticeAttempt): Promise<void>;

  putRound(round: Round): Promise<void>;
  rounds(incidentId: string): Promise<Round[]>;
  /** Writes the act and its victims, in as many items as they need. Throws when the act exists: acting is never repeated. */
  startAct(targetId: string, act: Act): Promise<void>;
  /** Writes results and how many sessions count against the budgets from now on. */
  finishAct(targetId: string, act: Act): Promise<void>;
  acts(incidentId: string): Promise<Act[]>;
  /** Acts on a target since a time, of whatever incident. Strongly consistent: the budgets rest on it. */
  tallies(targetId: string, since: number): Promise<ActTally[]>;

  /** Before a limit is set. False, and nothing written, when its user has one on record already, of whatever incident. */
  noteLimit(limit: LimitRecord): Promise<boolean>;
  /** The limit is known to have been set. */
  confirmLimit(limit: LimitRecord): Promise<void>;
  /** A person knows that it could not be lifted. */
  markLimitReported(limit: LimitRecord, at: number): Promise<void>;
  /** Takes it off the target's record and keeps its end with its incident. Safe to repeat, and never touches a later one. */
  settleLimit(limit: LimitRecord, end: LimitEnd, at: number, dropped?: DroppedLimit): Promise<void>;
  /** The limits of a target that are on record. Strongly consistent. */
  limits(targetId: string): Promise<LimitRecord[]>;
  /** The limits of an incident that have come to an end. */
  settledLimits(incidentId: string): Promise<SettledLimit[]>;

  /** Every pause in force of the installation, widest first. Strongly consistent. */
  pauses(): Promise<Pause[]>;
  /** Those of them that concern a target: its own, its tiers', and those of all targets. In one consistent read. */
  pausesOn(targetId: string): Promise<Pause[]>;
  /** Takes the place of an earlier pause of the same scope. */
  pause(pause: Pause): Promise<void>;
  /** Lifts the pause of exactly this scope and returns it; null when there was none. Wider ones go on. */
  resume(scope: PauseScope): Promise<Pause | null>;

  /** Kept for some days. */
  putSample(targetId: string, sample: StoredSample): Promise<void>;
  /** Oldest first. Strongly consistent. */
  samplesSince(targetId: string, since: number): Promise<StoredSample[]>;
  warnings(targetId: string): Promise<StandingWarning[]>;
  /** True for the one caller who is to tell it now; another may when `until` has passed and it is still untold. */
  claimWarning(
    targetId: string,
    warning: Pick<StandingWarning, 'name' | 'since'>,
    claim: { readonly at: number; readonly until: number },
  ): Promise<boolean>;
  warningTold(targetId: string, name: string, at: number): Promise<void>;
  clearWarning(targetId: string, name: string): Promise<void>;

  /** Newest first. */
  listByTarget(targetId: string, limit: number): Promise<Incident[]>;
  listByStatus(status: 'open' | 'closed', limit: number): Promise<Incident[]>;
}
