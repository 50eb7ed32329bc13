import type { Round } from '../record/round.ts';
import { inNumbers, type UsualBasis } from '../usual/usual.ts';
import { printable } from '../words/printable.ts';
import { usualOf, type ConsumerOverTime, type SlotsOverTime } from './slots.ts';

/** A consumer at the incident's first look. */
interface ConsumerRow {
  readonly name: string;
  /** Sessions at the first look, and the most of any moment; null where it was not told apart. */
  readonly first: number | null;
  readonly most: number | null;
  readonly usual: ConsumerOverTime['usual'];
  /** More than usual when the incident began: these filled the server. */
  readonly isOver: boolean;
}

export interface OverUsual {
  /** Where "usual" comes from, in words. */
  readonly basis: string;
  /** Those over their usual number first, then the largest others. */
  readonly rows: readonly ConsumerRow[];
}

const MOST_ROWS = 15;

const BASIS: Readonly<Record<UsualBasis, string>> = {
  profile: 'from two weeks of samples of this server',
  samples: 'from the samples right before the climb',
  arrivals: 'concluded from which sessions came last, because there is no history yet: less sure',
  none: 'not known: there was no history to compare with',
};

export function overUsual(rounds: readonly Round[], { consumers }: SlotsOverTime): OverUsual {
  const usual = rounds.find((round) => round.usual !== undefined)?.usual ?? null;
  const holders = new Map(
    rounds.find(({ holders: seen }) => seen !== undefined)?.holders?.map(({ name, sessions }) => [name, sessions]),
  );
  const most = new Map(consumers.map((consumer) => [consumer.name, consumer.most]));
  const over = new Set(usual?.over ?? []);
  const rows = [...new Set([...over, ...holders.keys()])].map((key): ConsumerRow => {
    const name = printable(key, 120);
    return {
      name,
      first: holders.get(key) ?? null,
      most: most.get(name) ?? null,
      usual: usualOf(usual, key),
      isOver: over.has(key),
    };
  });
  rows.sort((a, b) => Number(b.isOver) - Number(a.isOver) || (b.first ?? 0) - (a.first ?? 0));
  return { basis: BASIS[usual?.basis ?? 'none'], rows: rows.slice(0, MOST_ROWS) };
}

/** `0 to 4`, `4`. */
export function usualInWords(usual: ConsumerOverTime['usual']): string {
  if (usual === null) return 'not known';
  return inNumbers({ low: usual.from, all: usual.to });
}
