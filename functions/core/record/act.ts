import type { ActKind } from '../policy/tier-names.ts';
import type { EndingResult, LimitResult } from '../protocol/worker.ts';
import { consumerOf } from '../server/consumer.ts';
import type { SessionIdentity } from '../server/session.ts';
import { countBy } from '../words/count-by.ts';
import { mostFirst } from '../words/lists.ts';

/** The results of one tier, over all its acts. */
export interface TierSummary {
  readonly tier: ActKind;
  readonly acts: number;
  readonly results: Readonly<Partial<Record<EndingResult, number>>>;
  /** Victims without a result. */
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

/** Sessions that were ended and queries that were cancelled, as far as known. */
export function countEnded(acts: readonly Act[]): number {
  return acts.flatMap((act) => act.victims).filter(isEnded).length;
}

/** An act that changed nothing because all of it was refused, and in whose words; null for any other. */
export function wholeRefusal({ tier, victims, limit }: Act): { readonly tier: ActKind; readonly words: string } | null {
  if (limit?.result === 'refused') return { tier, words: limit.detail };
  const [first] = victims;
  if (first === undefined || victims.some(({ result }) => result !== 'refused')) return null;
  return limit?.result === 'done' ? null : { tier, words: first.detail };
}

/** The consumers that lost the most sessions or queries, most first, ties by name. */
export function topConsumers(acts: readonly Act[], limit: number): { readonly name: string; readonly count: number }[] {
  const ended = acts.flatMap((act) => act.victims).filter(isEnded);
  return mostFirst(countBy(ended, consumerOf))
    .slice(0, limit)
    .map(([name, count]) => ({ name, count }));
}

function isEnded({ result }: VictimRecord): boolean {
  return result === 'ended' || result === 'cancelled' || result === 'rolling-back';
}

/** A session that an act was to end, and the result once it is known. */
export interface VictimRecord {
  readonly identity: SessionIdentity;
  readonly user: string | null;
  readonly application: string;
  readonly database: string | null;
  /** Client address without port; null for a local socket, and in records of earlier versions. */
  readonly client: string | null;
  /** How long it had been connected; null where the server does not show it, absent in records of earlier versions. */
  readonly connectedMs?: number | null;
  readonly method: 'terminate' | 'cancel';
  readonly reason: string;
  /** Null while unknown. */
  readonly result: EndingResult | null;
  readonly detail: string;
}

/** An act as the budgets see it. Times are epoch milliseconds. */
export interface ActTally {
  readonly incidentId: string;
  readonly round: number;
  readonly tier: ActKind;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  /** How many sessions count against the budgets for this act. */
  readonly counted: number;
}

/**
 * One act of one tier. It is written with its victims before anything ends, and again with their results. An act
 * without `finishedAt` counts in full against every budget until a later snapshot shows which of its victims are still
 * there.
 */
export interface Act extends ActTally {
  readonly victims: readonly VictimRecord[];
  /** The limit to set before any of them was ended; null for none. */
  readonly limit: ActLimit | null;
}

/** A limit that an act was to set on a user's connections, and the result once it is known. */
export interface ActLimit {
  readonly user: string;
  /** As an administrator's statement names it. */
  readonly account: string;
  readonly limit: number;
  /** Null: the user had none. */
  readonly before: number | null;
  /** When it ends by itself, epoch milliseconds, where a person has set it; absent: when the incident closes. */
  readonly until?: number;
  readonly reason: string;
  /** Null while unknown. */
  readonly result: LimitResult | 'not-tried' | null;
  readonly detail: string;
}
