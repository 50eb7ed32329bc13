import type { Outcome } from './outcome.ts';

/** What came of the incidents of one kind. Counts. */
export interface Summary {
  readonly kind: string;
  readonly incidents: number;
  readonly withInnocents: number;
  readonly innocents: number;
  readonly neverEnd: number;
  readonly neighbours: number;
  readonly spare: number;
  readonly culprits: number;
  /** Where the culprits suffice: how many the answers end, and how many of these the fewest are. */
  readonly given: number;
  readonly enough: number;
  readonly relieved: { readonly of: number; readonly reached: number };
  /** Null where no answer named one. */
  readonly causes: { readonly of: number; readonly right: number } | null;
  /** Null where no answer says. */
  readonly pages: {
    readonly needed: number;
    readonly given: number;
    readonly notNeeded: number;
    readonly vain: number;
  } | null;
}

/** By kind, in the order in which they come; with a profile and without; and over all. */
export function summarise(outcomes: readonly Outcome[]): Summary[] {
  const parts = [
    ...Map.groupBy(outcomes, ({ kind }) => kind),
    ...Map.groupBy(outcomes, ({ hasProfile }) => (hasProfile ? 'all with a profile' : 'all without a profile')),
    ['all', outcomes] as const,
  ];
  return parts.map(([kind, own]) => summaryOf(kind, own));
}

function summaryOf(kind: string, outcomes: readonly Outcome[]): Summary {
  const total = (of: (outcome: Outcome) => number) => outcomes.reduce((sum, outcome) => sum + of(outcome), 0);
  const count = (which: (outcome: Outcome) => boolean) => outcomes.filter(which).length;
  const judged = count(({ isCauseRight }) => isCauseRight !== null);
  return {
    kind,
    incidents: outcomes.length,
    withInnocents: count(({ innocents, neverEnd }) => innocents + neverEnd > 0),
    innocents: total(({ innocents }) => innocents),
    neverEnd: total(({ neverEnd }) => neverEnd),
    neighbours: total(({ neighbours }) => neighbours),
    spare: total(({ spare }) => spare),
    culprits: total(({ culprits }) => culprits),
    given: total(({ ends }) => ends?.given ?? 0),
    enough: total(({ ends }) => ends?.enough ?? 0),
    relieved: {
      of: count(({ isRelieved }) => isRelieved !== null),
      reached: count(({ isRelieved }) => isRelieved === true),
    },
    causes: judged === 0 ? null : { of: judged, right: count(({ isCauseRight }) => isCauseRight === true) },
    pages: outcomes.every(({ isPaged }) => isPaged === null)
      ? null
      : {
          needed: count(({ page }) => page === 'needed'),
          given: count(({ page, isPaged }) => page === 'needed' && isPaged === true),
          notNeeded: count(({ page }) => page === 'not needed'),
          vain: count(({ page, isPaged }) => page === 'not needed' && isPaged === true),
        },
  };
}

export const HEAD = [
  'kind',
  'incidents',
  'with innocents',
  'innocents',
  'must never end',
  'neighbours',
  'spare',
  'culprits',
  'ends/fewest',
  'relief',
  'cause right',
  'paged when needed',
  'paged in vain',
] as const;

export function rowOf(summary: Summary): string[] {
  const { given, enough, relieved, causes, pages } = summary;
  const outOf = (part: number, whole: number) => (whole === 0 ? '·' : `${part} of ${whole}`);
  return [
    summary.kind,
    String(summary.incidents),
    String(summary.withInnocents),
    String(summary.innocents),
    String(summary.neverEnd),
    String(summary.neighbours),
    String(summary.spare),
    String(summary.culprits),
    enough === 0 ? '·' : (given / enough).toFixed(2),
    outOf(relieved.reached, relieved.of),
    causes === null ? '·' : outOf(causes.right, causes.of),
    pages === null ? '·' : outOf(pages.given, pages.needed),
    pages === null ? '·' : outOf(pages.vain, pages.notNeeded),
  ];
}
