import type { PlanSummary } from '../plan/plan-summary.ts';
import type { Pause } from '../policy/pause.ts';
import type { TierName } from '../policy/tier-names.ts';
import type { ActLimit, wholeRefusal } from '../record/act.ts';
import type { Approval } from '../record/approval.ts';
import type { PagedState } from '../record/escalation.ts';
import type { Incident } from '../record/incident.ts';
import type { RoundCounts } from '../record/round.ts';

export type Verdict =
  /** Looks good; to be sure, more good samples in a row are needed. */
  | { readonly next: 'confirm'; readonly outcome: 'relieved' | 'not-needed'; readonly why: string }
  | {
      readonly next: 'close';
      readonly outcome: 'relieved' | 'observed' | 'escalated';
      readonly why: string;
    }
  /** Relief is confirmed and must hold for a while. `closely`: what filled the server is still there, or goes on. */
  | { readonly next: 'watch'; readonly closely?: boolean; readonly why: string }
  | { readonly next: TierName; readonly why: string }
  /** Nothing is done before a person approves this. */
  | { readonly next: 'ask'; readonly question: PlanSummary; readonly why: string }
  | { readonly next: 'settle'; readonly why: string }
  /** A person has been paged; nothing is permissible yet. */
  | { readonly next: 'stay'; readonly staySeconds: number; readonly why: string }
  | { readonly next: 'escalate'; readonly why: string; readonly advice: readonly string[]; readonly page?: Page };

/** What after-page.ts adds to a verdict to page a person. */
interface Page {
  readonly state: PagedState;
  /** Until when the incident stays open, epoch milliseconds; null when the page ends it. */
  readonly staysUntil: number | null;
  /** Until the next look; 0 when the page ends the incident. */
  readonly staySeconds: number;
}

/** Its rounds are those before this one. */
export interface Situation extends RoundCounts {
  readonly incident: Incident;
  readonly now: number;
  /** Those active on the target; the diagnosis takes them into account. */
  readonly pauses: readonly Pause[];
  /** Some tier has acted in this incident. */
  readonly hasActed: boolean;
  /** Temporary limits that this incident has set. */
  readonly limited: readonly Pick<ActLimit, 'user' | 'account' | 'limit'>[];
  /** The last act was refused as a whole, and in whose words; null otherwise. */
  readonly refused: ReturnType<typeof wholeRefusal>;
  /** The last two acts each left more slots taken than before. */
  readonly isWorsening: boolean;
  /** Earlier incidents of the last hour in which Headroom acted, by the name of their cause. */
  readonly actedLately: Readonly<Record<string, number>>;
  /**
   * What people were asked in this incident, in order. None is pending: a round does not begin while a question waits.
   */
  readonly approvals: readonly Approval[];
}
