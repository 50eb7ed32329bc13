/** How many slots were taken when. */
export interface UsagePoint {
  readonly at: number;
  readonly used: number;
}

/** How usage grew to what it is. Times are epoch milliseconds. */
export interface Climb {
  /** Slots taken before it. */
  readonly base: number;
  /** Slots taken since; 0 where it has not climbed. */
  readonly gained: number;
  /** The last time that usage was low: an earlier climb that has passed is not this one. */
  readonly begins: number;
  /** When nine tenths of it were done. */
  readonly ends: number;
}

/** Usage was lower than before the climb for at most this share of the points: a restart or a deploy is no base. */
const ODD_SHARE = 0.1;

/** The climb that leads to the last point. `line`: oldest first, one at least. */
export function readClimb(line: readonly [UsagePoint, ...UsagePoint[]]): Climb {
  const now = line.at(-1) ?? line[0];
  const levels = line.map(({ used }) => used).sort((a, b) => a - b);
  const base = Math.min(now.used, levels[Math.floor(ODD_SHARE * levels.length)] ?? now.used);
  const gained = now.used - base;
  const begins = line.findLast(({ used }) => used <= base + gained / 10)?.at ?? line[0].at;
  const ends = line.find(({ at, used }) => at >= begins && used >= base + (gained * 9) / 10)?.at ?? now.at;
  return { base, gained, begins, ends };
}
