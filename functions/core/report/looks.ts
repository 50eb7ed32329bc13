import { causeWords, describeCause } from '../cause/find-cause.ts';
import type { CauseFinding } from '../cause/finding.ts';
import { describeChoice } from '../plan/choice.ts';
import { describeFinally } from '../record/approval.ts';
import type { Round } from '../record/round.ts';
import { percent } from '../words/percent.ts';
import { printable } from '../words/printable.ts';
import type { IncidentRecord } from './record.ts';
import { nextWords, tierWords } from './words.ts';

/** One look: what it saw, what it made of that, and what came next. Times are epoch milliseconds. */
export interface Look {
  readonly round: number;
  readonly at: number;
  /** Since the alarm. */
  readonly afterMs: number;
  readonly usage: number | null;
  readonly used: number | null;
  readonly usable: number | null;
  /** Whether an ordinary client got in, and how Headroom did. */
  readonly client: string;
  readonly admission: string;
  readonly cause: string | null;
  readonly evidence: readonly string[];
  /** What Headroom did next, and why. */
  readonly next: string;
  readonly why: string;
  /** Why these sessions and not others. Harm is in points: 1 is one reconnect of a pool. */
  readonly choice: readonly string[];
  /** Sessions that each tier would end. */
  readonly planned: readonly { readonly tier: string; readonly sessions: number }[];
  /** What people were asked and what they said. */
  readonly asked: readonly string[];
  /** What could not be seen. */
  readonly unseen: readonly string[];
}

const TEXT_LENGTH = 400;
const MOST_LINES = 20;

export function looksOf({ incident, rounds, approvals }: IncidentRecord): Look[] {
  return rounds.map((round) => ({
    round: round.round,
    at: round.at,
    afterMs: round.at - incident.alarm.at,
    usage: round.usage,
    used: round.used,
    usable: round.usable,
    client: printable(round.canary, TEXT_LENGTH),
    admission: printable(round.admission, TEXT_LENGTH),
    cause: round.cause && describeCause(round.cause),
    evidence: lines(round.cause?.evidence ?? []),
    next: nextWords(round.next),
    why: printable(round.why, TEXT_LENGTH),
    choice: round.choice === undefined ? [] : lines(describeChoice(round.choice)),
    planned: plannedOf(round),
    asked: lines(approvals.filter((each) => each.round === round.round).map(describeFinally)),
    unseen: lines([...(round.leftOut === undefined ? [] : [round.leftOut]), ...(round.unread ?? [])]),
  }));
}

function plannedOf({ planned }: Round): Look['planned'] {
  return Object.entries(planned)
    .filter(([, sessions]) => sessions > 0)
    .map(([tier, sessions]) => ({ tier: tierWords(tier), sessions }));
}

/** Bounded, and safe to print. */
export function lines(texts: readonly string[]): string[] {
  return texts.slice(0, MOST_LINES).map((text) => printable(text, TEXT_LENGTH));
}

/** The cause that was acted on. */
export interface CauseReport {
  readonly words: string;
  /** 0 to 100. */
  readonly percent: number;
  readonly evidence: readonly string[];
  /** What else it may have been, the likeliest first. */
  readonly alternatives: readonly { readonly words: string; readonly percent: number }[];
}

export function causeOf(cause: CauseFinding | null): CauseReport | null {
  if (cause === null) return null;
  return {
    words: causeWords(cause.name),
    percent: Math.round(100 * cause.confidence),
    evidence: lines(cause.evidence),
    alternatives: cause.ranking
      .filter(({ name }) => name !== cause.name)
      .slice(0, 5)
      .map(({ name, probability }) => ({ words: causeWords(name), percent: Math.round(100 * probability) })),
  };
}

/** `98% (51 of 52)`. */
export function usageInWords({ usage, used, usable }: Pick<Look, 'usage' | 'used' | 'usable'>): string {
  return usage === null ? 'not seen' : `${percent(usage)} (${used} of ${usable ?? '?'})`;
}
