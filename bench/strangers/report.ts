import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import { middle } from '../median.ts';
import type { Outcome } from './run.ts';
import { TROUBLE_NAMES } from './world/troubles.ts';

/** What one decider has done over many incidents of a kind. Counts, unless a name says otherwise. */
export interface Summary {
  readonly kind: string;
  readonly incidents: number;
  readonly withInnocents: number;
  readonly innocents: number;
  readonly spare: number;
  readonly culprits: number;
  /** Over the acts in which the culprits suffice: whom they ended, and how many of these would have been enough. */
  readonly ended: number;
  readonly enough: number;
  /** Came under the trigger, with clients in, and how soon. */
  readonly calmed: number;
  readonly medianCalmSeconds: number | null;
  /** Came to the relief level. */
  readonly relieved: number;
  readonly relapsed: number;
  readonly cameToNothing: number;
  /** Of those for which there is a right cause and in which one was found. */
  readonly causeRight: number;
  readonly causeFound: number;
  readonly pages: {
    readonly needed: number;
    readonly given: number;
    readonly notNeeded: number;
    readonly vain: number;
  };
}

const TWO = 'two at once';
const ALL = 'all';

function kindOf({ stranger }: Outcome): string {
  return stranger.troubles.length > 1 ? TWO : (stranger.troubles[0]?.name ?? TWO);
}

/** By kind, in their order, and over all. */
export function summarise(outcomes: readonly Outcome[]): Summary[] {
  const kinds = [...TROUBLE_NAMES, TWO];
  const rows = kinds.map((kind) =>
    summaryOf(
      kind,
      outcomes.filter((outcome) => kindOf(outcome) === kind),
    ),
  );
  return [...rows.filter(({ incidents }) => incidents > 0), summaryOf(ALL, outcomes)];
}

function summaryOf(kind: string, outcomes: readonly Outcome[]): Summary {
  const total = (of: (outcome: Outcome) => number) => outcomes.reduce((sum, outcome) => sum + of(outcome), 0);
  const count = (which: (outcome: Outcome) => boolean) => outcomes.filter(which).length;
  const seconds = outcomes.flatMap(({ calmSeconds }) => calmSeconds ?? []);
  const named = outcomes.filter((outcome) => outcome.cause !== null && causesOf(outcome).length > 0);
  return {
    kind,
    incidents: outcomes.length,
    withInnocents: count(({ ends }) => ends.innocent > 0),
    innocents: total(({ ends }) => ends.innocent),
    spare: total(({ ends }) => ends.spare),
    culprits: total(({ ends }) => ends.culprit),
    ended: total(({ acted }) => acted.ended),
    enough: total(({ acted }) => acted.enough),
    calmed: seconds.length,
    medianCalmSeconds: seconds.length === 0 ? null : middle(seconds),
    relieved: count(({ reliefSeconds }) => reliefSeconds !== null),
    relapsed: count(({ hasRelapsed }) => hasRelapsed),
    cameToNothing: count(({ cameToNothing }) => cameToNothing),
    causeRight: named.filter((outcome) => outcome.cause !== null && causesOf(outcome).includes(outcome.cause)).length,
    causeFound: named.length,
    pages: {
      needed: count(({ page }) => page === 'needed'),
      given: count(({ page, isPaged }) => page === 'needed' && isPaged),
      notNeeded: count(({ page }) => page === 'not needed'),
      vain: count(({ page, isPaged }) => page === 'not needed' && isPaged),
    },
  };
}

function causesOf({ stranger }: Outcome): readonly CauseName[] {
  return stranger.troubles.flatMap(({ causes }) => causes);
}

export const HEAD = [
  'trouble',
  'incidents',
  'with innocents',
  'innocents',
  'spare idle',
  'culprits',
  'ends/enough',
  'under trigger',
  'median s',
  'relief level',
  'relapse',
  'nothing',
  'cause right',
  'paged when needed',
  'paged in vain',
] as const;

export function rowOf(summary: Summary): string[] {
  const { incidents, pages } = summary;
  const share = (part: number, whole: number) => (whole === 0 ? '·' : `${((100 * part) / whole).toFixed(1)}%`);
  return [
    summary.kind,
    String(incidents),
    share(summary.withInnocents, incidents),
    String(summary.innocents),
    String(summary.spare),
    String(summary.culprits),
    summary.enough === 0 ? '·' : (summary.ended / summary.enough).toFixed(2),
    share(summary.calmed, incidents),
    summary.medianCalmSeconds === null ? '·' : String(Math.round(summary.medianCalmSeconds)),
    share(summary.relieved, incidents),
    String(summary.relapsed),
    String(summary.cameToNothing),
    share(summary.causeRight, summary.causeFound),
    share(pages.given, pages.needed),
    share(pages.vain, pages.notNeeded),
  ];
}
