import type { Act, VictimRecord } from './incident.ts';
import { consumerOf } from './session.ts';
import type { TierName } from './tiers/names.ts';
import type { EndingResult } from './worker-protocol.ts';

/** What became of the victims of one tier, over all its acts. */
export interface TierSummary {
  readonly tier: TierName;
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
    const results: Partial<Record<EndingResult, number>> = {};
    for (const { result } of victims) if (result !== null) results[result] = (results[result] ?? 0) + 1;
    return { tier, acts: own.length, results, unknown: victims.filter(({ result }) => result === null).length };
  });
}

/** The consumers that lost the most sessions or queries, most first; ties by name. */
export function topConsumers(acts: readonly Act[], limit: number): { readonly name: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const victim of acts.flatMap((act) => act.victims)) {
    if (!isEnded(victim)) continue;
    const name = consumerOf(victim);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1))
    .slice(0, limit);
}

function isEnded({ result }: VictimRecord): boolean {
  return result === 'ended' || result === 'cancelled';
}
