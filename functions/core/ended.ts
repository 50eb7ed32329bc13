import { countBy } from './count-by.ts';
import type { Act, VictimRecord } from './incident.ts';
import { consumerOf } from './session.ts';
import type { ActKind } from './tiers/names.ts';
import type { EndingResult } from './worker-protocol.ts';

/** What became of the victims of one tier, over all its acts. */
export interface TierSummary {
  readonly tier: ActKind;
  readonly acts: number;
  readonly results: Readonly<Partial<Record<EndingResult, number>>>;
  /** Victims whose result never came. */
  readonly unknown: number;
}

/** In the order in which the tiers first acted. */
export function actsByTier(acts: readonly Act[]): TierSummary[] {
  const tiers = [...new Set(acts.map(({ tier }) => tier))];
  return tiers.map((tier) => {
    const own = acts.filter((act) => act.tier === tier);
    const victims = own.flatMap((act) => act.victims);
    const known = victims.flatMap(({ result }) => result ?? []);
    const results = Object.fromEntries(countBy(known, (result) => result));
    return { tier, acts: own.length, results, unknown: victims.length - known.length };
  });
}

/** Sessions that were ended and queries that were cancelled, as far as is known. */
export function countEnded(acts: readonly Act[]): number {
  return acts.flatMap((act) => act.victims).filter(isEnded).length;
}

/** The consumers that lost the most sessions or queries, most first; ties by name. */
export function topConsumers(acts: readonly Act[], limit: number): { readonly name: string; readonly count: number }[] {
  const ended = acts.flatMap((act) => act.victims).filter(isEnded);
  return [...countBy(ended, consumerOf)]
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1))
    .slice(0, limit);
}

function isEnded({ result }: VictimRecord): boolean {
  return result === 'ended' || result === 'cancelled' || result === 'rolling-back';
}
