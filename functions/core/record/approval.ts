import { findWorse, type PlanSummary } from '../plan/plan-summary.ts';
import { LONGEST_WAIT_MINUTES, type Policy } from '../policy/policy.ts';
import type { TierName } from '../policy/tier-names.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { printable } from '../words/printable.ts';
import { sha256 } from '../words/sha256.ts';

/** What may be answered. */
export type Answer = 'approved' | 'denied';

/**
 * `pending`: waits for a person. `expired`: nobody answered in time. `withdrawn`: the workflow did not wait any more, or the
 * question never reached a person. Whatever comes first stays: a question is answered or ended once.
 */
export type ApprovalStatus = 'pending' | Answer | 'expired' | 'withdrawn';

export interface Decision {
  /** As the person gave it. */
  readonly by: string;
  readonly via: 'page' | 'terminal';
  /** Network address it came from; null for a terminal. */
  readonly address: string | null;
  readonly at: number;
}

/** A question to a person: may this tier do exactly this? One for a round at most. Times are epoch milliseconds. */
export interface Approval {
  readonly incidentId: string;
  /** The round whose look made the plan. */
  readonly round: number;
  readonly plan: PlanSummary;
  readonly planHash: string;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly status: ApprovalStatus;
  /** Null unless it was answered. */
  readonly decision: Decision | null;
  /** When it ceased to be pending; null while it is. */
  readonly endedAt: number | null;
  /** The round that acted on it; null while none has. An answer is good for one act. */
  readonly usedInRound: number | null;
}

/** A question as it is first written. */
export type Question = Omit<Approval, 'status' | 'decision' | 'endedAt' | 'usedInRound'>;

/** An answer older than this is old news: whoever gave it thought of another hour. */
export const ANSWER_GOOD_FOR_MS = 10 * 60_000;

/** In all its questions together an incident waits this long before it asks nobody any more. */
const LONGEST_WAITING_MS = LONGEST_WAIT_MINUTES * 60_000;

/** How long a question waits, in milliseconds. */
export function waitMsOf({ approval }: Policy): number {
  return approval.waitMinutes * 60_000;
}

/** Only this of a link's secret is ever stored: 64 hexadecimal digits. */
export function hashSecret(secret: string): string {
  return sha256(secret);
}

/** Whether a yes may be acted on now: not used, and not old. */
export function isUsable({ status, decision, usedInRound }: Approval, now: number): boolean {
  return status === 'approved' && decision !== null && usedInRound === null && now - decision.at <= ANSWER_GOOD_FOR_MS;
}

/** The latest yes to a tier that may be acted on now. */
export function usableFor(tier: TierName, approvals: readonly Approval[], now: number): Approval | null {
  return approvals.findLast((approval) => approval.plan.tier === tier && isUsable(approval, now)) ?? null;
}

/** Tiers to which a person has said no. */
export function deniedTiers(approvals: readonly Approval[]): ReadonlySet<TierName> {
  return new Set(approvals.filter(({ status }) => status === 'denied').map(({ plan }) => plan.tier));
}

/** Time that was spent waiting for people, which counts against none of the bounds of an incident. */
export function waitedForPeopleMs(approvals: readonly Approval[], now: number): number {
  return approvals.reduce((sum, { askedAt, endedAt }) => sum + Math.max(0, (endedAt ?? now) - askedAt), 0);
}

/** What becomes of a tier that must ask first. */
export type Permission =
  | { readonly kind: 'granted'; readonly why: string }
  | { readonly kind: 'ask'; readonly why: string }
  | { readonly kind: 'none'; readonly why: string };

/** Whether a plan is covered by an answer, must be asked about, or may not even be asked about any more. */
export function permissionFor(plan: PlanSummary, approvals: readonly Approval[], now: number): Permission {
  const last = approvals.at(-1);
  if (last?.status === 'expired') {
    return { kind: 'none', why: `nobody answered within ${inWords(last.expiresAt - last.askedAt)}` };
  }
  const given = usableFor(plan.tier, approvals, now);
  const worse = given === null ? null : findWorse(plan, given.plan);
  if (given !== null && worse === null) return { kind: 'granted', why: `approved by ${answererOf(given)}` };
  if (waitedForPeopleMs(approvals, now) >= LONGEST_WAITING_MS) {
    return {
      kind: 'none',
      why: `people have been asked for ${inWords(waitedForPeopleMs(approvals, now))} in all, the longest that an incident may wait`,
    };
  }
  if (given === null) return { kind: 'ask', why: '' };
  return { kind: 'ask', why: `asked again: since ${answererOf(given)} approved, the plan has grown (${worse})` };
}

function answererOf({ decision }: Approval): string {
  return printable(decision?.by ?? 'somebody', 60);
}

/** What became of a question, in words. */
export function describeApproval({ plan, status, decision, askedAt, endedAt }: Approval): string {
  const limits = plan.limit === null ? '' : `a limit of ${plan.limit.limit} on ${printable(plan.limit.user, 63)} and `;
  const what = `${plan.tier}, ${limits}${count(plan.sessions, 'session')}`;
  const after = endedAt === null ? '' : ` after ${inWords(endedAt - askedAt)}`;
  if (decision === null) return `${what}: ${UNANSWERED[status]}${after}`;
  const from = decision.address === null ? 'at the terminal' : `from ${printable(decision.address, 60)}`;
  return `${what}: ${status} by ${printable(decision.by, 60)} ${from}${after}`;
}

/** The same when all is over: also whether a yes was acted on. */
export function describeFinally(approval: Approval): string {
  const isUnused = approval.status === 'approved' && approval.usedInRound === null;
  return `${describeApproval(approval)}${isUnused ? ', and not acted on' : ''}`;
}

const UNANSWERED: Readonly<Record<ApprovalStatus, string>> = {
  pending: 'waits for an answer',
  expired: 'nobody answered',
  withdrawn: 'withdrawn',
  approved: 'approved',
  denied: 'denied',
};

export interface QuestionKey {
  readonly incidentId: string;
  readonly round: number;
}
