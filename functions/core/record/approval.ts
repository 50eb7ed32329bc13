import { findWorse, type PlanSummary } from '../plan/plan-summary.ts';
import { LONGEST_WAIT_MINUTES, type Policy } from '../policy/policy.ts';
import type { TierName } from '../policy/tier-names.ts';
import { count } from '../words/count.ts';
import { inWords } from '../words/in-words.ts';
import { named, printable } from '../words/printable.ts';
import type { Acknowledgement } from './incident.ts';
import { sha256 } from '../words/sha256.ts';

export type Answer = 'approved' | 'denied';

/**
 * `pending`: waits for a person. `expired`: nobody answered in time. `withdrawn`: the workflow no longer waited, or the
 * question never reached a person. What comes first stays: a question is answered or ended once.
 */
type ApprovalStatus = 'pending' | Answer | 'expired' | 'withdrawn';

export interface Decision {
  /** The person's name, as the person gave it. */
  readonly by: string;
  readonly via: 'page' | 'terminal';
  /** Network address it came from; null for a terminal. */
  readonly address: string | null;
  readonly at: number;
}

/** A question to a person: may this tier do exactly this? A round asks at most one. Times are epoch milliseconds. */
export interface Approval {
  readonly incidentId: string;
  /** The round that made the plan. */
  readonly round: number;
  readonly plan: PlanSummary;
  readonly planHash: string;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly status: ApprovalStatus;
  /** Null unless it was answered. */
  readonly decision: Decision | null;
  /** Null while it is pending. */
  readonly endedAt: number | null;
  /** The round that acted on it; null while none has. An approval is good for one act. */
  readonly usedInRound: number | null;
}

/** A question as it is first written. */
export type Question = Omit<Approval, 'status' | 'decision' | 'endedAt' | 'usedInRound'>;

/** An older answer no longer counts: the person saw another state of the server. */
export const ANSWER_GOOD_FOR_MS = 10 * 60_000;

/** All questions of an incident together wait no longer than this; then it asks no more. */
const LONGEST_WAITING_MS = LONGEST_WAIT_MINUTES * 60_000;

/** How long a question waits, in milliseconds. */
export function waitMsOf({ approval }: Policy): number {
  return approval.waitMinutes * 60_000;
}

/** The only form in which a link's secret is stored: 64 hexadecimal digits. */
export function hashSecret(secret: string): string {
  return sha256(secret);
}

/** Whether this is an approval that may be acted on now: neither used nor too old. */
export function isUsable({ status, decision, usedInRound }: Approval, now: number): boolean {
  return status === 'approved' && decision !== null && usedInRound === null && now - decision.at <= ANSWER_GOOD_FOR_MS;
}

/** The latest approval of a tier that may be acted on now. */
export function usableFor(tier: TierName, approvals: readonly Approval[], now: number): Approval | null {
  return approvals.findLast((approval) => approval.plan.tier === tier && isUsable(approval, now)) ?? null;
}

/** Tiers that a person has denied. */
export function deniedTiers(approvals: readonly Approval[]): ReadonlySet<TierName> {
  return new Set(approvals.filter(({ status }) => status === 'denied').map(({ plan }) => plan.tier));
}

/** The limit of the latest yes that has not been used. One that is too old is no leave to act, but as good a number. */
export function agreedLimit(approvals: readonly Approval[]): PlanSummary['limit'] {
  const agreed = approvals.filter(({ status, usedInRound }) => status === 'approved' && usedInRound === null);
  return agreed.findLast(({ plan }) => plan.limit !== null)?.plan.limit ?? null;
}

/** Time spent waiting for people. It does not count against the bounds of an incident. */
export function waitedForPeopleMs(approvals: readonly Approval[], now: number): number {
  return approvals.reduce((sum, { askedAt, endedAt }) => sum + Math.max(0, (endedAt ?? now) - askedAt), 0);
}

/** Whether a tier that must ask first may act, must ask, or may not even ask. */
export type Permission =
  | { readonly kind: 'granted'; readonly why: string }
  | { readonly kind: 'ask'; readonly why: string }
  | { readonly kind: 'none'; readonly why: string };

/**
 * Whether an approval covers a plan, or a person must be asked, or may not be asked any more. Whoever acknowledges the
 * page that followed a question without an answer is there to be asked again.
 */
export function permissionFor(
  plan: PlanSummary,
  approvals: readonly Approval[],
  now: number,
  taken: Acknowledgement | null = null,
): Permission {
  const last = approvals.at(-1);
  if (last?.status === 'expired' && (taken === null || taken.at < last.expiresAt)) {
    return { kind: 'none', why: `nobody answered within ${inWords(last.expiresAt - last.askedAt)}` };
  }
  const given = usableFor(plan.tier, approvals, now);
  const worse = given === null ? null : findWorse(plan, given.plan);
  if (given !== null && worse === null) return { kind: 'granted', why: `approved by ${answererOf(given)}` };
  const waitedMs = waitedForPeopleMs(approvals, now);
  if (waitedMs >= LONGEST_WAITING_MS) {
    const why = `the incident has waited ${inWords(waitedMs)} for answers in all, the longest that it may`;
    return { kind: 'none', why };
  }
  if (given === null) return { kind: 'ask', why: '' };
  return { kind: 'ask', why: `asked again: since ${answererOf(given)} approved, the plan has grown (${worse})` };
}

function answererOf({ decision }: Approval): string {
  return printable(decision?.by ?? 'someone', 60);
}

/** A question and its answer, in words. */
export function describeApproval({ plan, status, decision, askedAt, endedAt }: Approval): string {
  const limits = plan.limit === null ? '' : `a limit of ${plan.limit.limit} on ${named(plan.limit.user, 63)} and `;
  const what = `${plan.tier}, ${limits}${count(plan.sessions, 'session')}`;
  const after = endedAt === null ? '' : ` after ${inWords(endedAt - askedAt)}`;
  if (decision === null) return `${what}: ${UNANSWERED[status]}${after}`;
  const from = decision.address === null ? 'at the terminal' : `from ${printable(decision.address, 60)}`;
  return `${what}: ${status} by ${printable(decision.by, 60)} ${from}${after}`;
}

/** The same at the end of the incident: also whether an approval was acted on. */
export function describeFinally(approval: Approval): string {
  const isUnused = approval.status === 'approved' && approval.usedInRound === null;
  return `${describeApproval(approval)}${isUnused ? ', but not acted on' : ''}`;
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
