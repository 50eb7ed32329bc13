import type { CauseFinding } from '../cause/finding.ts';
import type { Choice } from '../plan/choice.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import type { Soon } from '../plan/tiers/soon.ts';
import type { Holder, RunUp } from '../sampler/run-up.ts';
import type { Usual } from '../usual/usual.ts';

/** How many rounds went by without news, or count against the bounds of the loop. */
export interface RoundCounts {
  /** Rounds in a row that had nothing to do. */
  readonly emptyRounds: number;
  /** Rounds in a row that paged a person or waited after a page. */
  readonly stayedRounds: number;
  /** Without those that only watched relief or waited for suspects to grow old enough. */
  readonly countedRounds: number;
}

/** `rounds`: in their order. */
export function countRounds(rounds: readonly Round[]): RoundCounts {
  return {
    emptyRounds: rounds.length - 1 - rounds.findLastIndex(({ next }) => next !== 'settle'),
    stayedRounds: rounds.length - 1 - rounds.findLastIndex(({ next }) => next !== 'stay' && next !== 'escalate'),
    countedRounds: rounds.filter(({ next, soon }) => next !== 'watch' && !(next === 'settle' && soon)).length,
  };
}

/** What one run of Diagnose saw and decided. */
export interface Round {
  readonly incidentId: string;
  readonly round: number;
  readonly at: number;
  /** Null when the worker did not get in. */
  readonly usage: number | null;
  readonly used: number | null;
  readonly usable: number | null;
  readonly byState: Readonly<Record<string, number>>;
  /** Who held the most slots, the largest first; absent when nobody was seen, and in records of earlier versions. */
  readonly holders?: readonly Holder[];
  /** The hour before the incident, in its first round. */
  readonly runUp?: RunUp;
  readonly canary: string;
  readonly admission: string;
  /** What of the snapshot had to be left out, in words; absent when nothing was. */
  readonly leftOut?: string;
  readonly cause: CauseFinding | null;
  /** What to change for good about that cause, in a round that an act follows. */
  readonly advice?: readonly string[];
  /** What the workflow does next, and why. */
  readonly next: string;
  readonly why: string;
  /** Suspects that were merely too young, where the round only waited for them. */
  readonly soon?: Soon;
  /** How a person could end idle sessions now, in a round after which Headroom does not. */
  readonly byHand?: readonly string[];
  /** Planned sessions by tier. */
  readonly planned: Readonly<Record<string, number>>;
  readonly spared: Readonly<Record<string, number>>;
  /** A few spared sessions for each reason, in words. */
  readonly sparedSamples: Readonly<Record<string, readonly string[]>>;
  /** Why these sessions and not others, where there was a choice. */
  readonly choice?: Choice;
  /** What the look could not read, in words; left out when it read everything. */
  readonly unread?: readonly string[];
  /** What was usual before the incident, in the round that found it: it holds for all of the incident. */
  readonly usual?: Usual;
  /** The master user as RDS names it, in the round that asked: the responder cannot see who is an administrator. */
  readonly masterUser?: string;
  /** What a person is asked, if one is. */
  readonly question?: PlanSummary;
}
