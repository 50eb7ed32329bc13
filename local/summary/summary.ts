import { topConsumers, type Act } from '../../functions/core/record/act.ts';
import type { Incident } from '../../functions/core/record/incident.ts';
import type { CauseName } from '../../functions/core/policy/cause-names.ts';
import { mostFirst } from '../../functions/core/words/lists.ts';
import { countBy } from '../../functions/core/words/count-by.ts';

/** An incident with what was done in it. */
export interface Told {
  readonly incident: Incident;
  readonly acts: readonly Act[];
}

/** Milliseconds from the alarm to relief. Null where none of the incidents was relieved. */
interface Relief {
  readonly medianMs: number;
  readonly longestMs: number;
}

interface OfCause {
  readonly cause: CauseName | 'not known';
  readonly incidents: number;
  readonly targets: readonly string[];
  readonly relief: Relief | null;
  /** Incidents that a person was paged for. */
  readonly paged: number;
  /** Sessions and queries. */
  readonly ended: number;
}

/** The same cause on the same target, more than once. */
interface Recurring {
  readonly target: string;
  readonly cause: CauseName;
  readonly times: number;
  /** Epoch milliseconds. */
  readonly lastAt: number;
  /** Advice that was given and then given again, word by word: nobody has taken it, or it did not help. */
  readonly notTaken: readonly { readonly advice: string; readonly times: number }[];
}

/** What happened within a stretch of time. */
export interface Summary {
  readonly since: number;
  readonly until: number;
  readonly incidents: number;
  readonly targets: readonly string[];
  /** How many ended how; `open` for those that have not. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly relief: Relief | null;
  readonly paged: number;
  /** Pages in all, repeated ones too. */
  readonly pages: number;
  readonly ended: number;
  /** What people ended by `headroom end`, which has no cause. */
  readonly byHand: number;
  readonly causes: readonly OfCause[];
  readonly consumers: readonly { readonly name: string; readonly count: number }[];
  readonly recurring: readonly Recurring[];
}

const MOST_CONSUMERS = 10;

/** Sums up the incidents that were opened from `since` to `until` (epoch milliseconds), whatever else is among them. */
export function summarize(all: readonly Told[], { since, until }: Pick<Summary, 'since' | 'until'>): Summary {
  const told = all.filter(({ incident }) => incident.openedAt >= since && incident.openedAt <= until);
  const incidents = told.map(({ incident }) => incident);
  const found = incidents.filter(({ call }) => call === null);
  return {
    since,
    until,
    incidents: incidents.length,
    targets: targetsOf(incidents),
    outcomes: Object.fromEntries(mostFirst(countBy(incidents, ({ outcome }) => outcome ?? 'open'))),
    relief: reliefOf(incidents),
    paged: incidents.filter(isPaged).length,
    pages: incidents.reduce((sum, incident) => sum + pagesOf(incident), 0),
    ended: endedIn(incidents),
    byHand: endedIn(incidents.filter(({ call }) => call !== null)),
    causes: groupsOf(found, causeOf).map(([cause, group]) => ({
      cause,
      incidents: group.length,
      targets: targetsOf(group),
      relief: reliefOf(group),
      paged: group.filter(isPaged).length,
      ended: endedIn(group),
    })),
    consumers: topConsumers(
      told.flatMap(({ acts }) => acts),
      MOST_CONSUMERS,
    ),
    recurring: recurringIn(found),
  };
}

function causeOf({ cause }: Incident): OfCause['cause'] {
  return cause?.name ?? 'not known';
}

function targetsOf(incidents: readonly Incident[]): string[] {
  return [...new Set(incidents.map(({ target }) => target.id))].sort();
}

function isPaged(incident: Incident): boolean {
  return pagesOf(incident) > 0;
}

function pagesOf({ notices, repeats }: Incident): number {
  const kinds = notices.filter(({ delivered }) => delivered).map(({ notice }) => notice);
  return kinds.filter((notice) => notice === 'escalated' || notice === 'failed').length + repeats;
}

function endedIn(incidents: readonly Incident[]): number {
  return incidents.reduce((sum, { endedCount }) => sum + endedCount, 0);
}

function reliefOf(incidents: readonly Incident[]): Relief | null {
  const times = incidents
    .filter(({ outcome }) => outcome === 'relieved')
    .flatMap(({ reliefAt, alarm }) => (reliefAt === null ? [] : [reliefAt - alarm.at]))
    .sort((a, b) => a - b);
  const medianMs = times[Math.floor((times.length - 1) / 2)];
  const longestMs = times.at(-1);
  return medianMs === undefined || longestMs === undefined ? null : { medianMs, longestMs };
}

function recurringIn(incidents: readonly Incident[]): Recurring[] {
  return groupsOf(incidents, ({ target, cause }) => JSON.stringify([target.id, cause?.name])).flatMap(
    ([, group]): Recurring[] => {
      const [first] = group;
      if (first?.cause == null || first.cause.name === 'unclear' || group.length < 2) return [];
      const given = countBy(
        group.flatMap(({ advice }) => [...new Set(advice)]),
        (advice) => advice,
      );
      return [
        {
          target: first.target.id,
          cause: first.cause.name,
          times: group.length,
          lastAt: Math.max(...group.map(({ openedAt }) => openedAt)),
          notTaken: mostFirst(given).flatMap(([advice, times]) => (times > 1 ? [{ advice, times }] : [])),
        },
      ];
    },
  );
}

/** The largest group first. */
function groupsOf<K>(incidents: readonly Incident[], keyOf: (incident: Incident) => K): [K, Incident[]][] {
  return [...Map.groupBy(incidents, keyOf)].sort(([, a], [, b]) => b.length - a.length);
}
