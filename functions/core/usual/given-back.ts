/** A stretch of time on record. */
export interface Moment {
  readonly at: number;
  /** No sample of it was left out, so whatever went away in it went by itself. */
  readonly isWhole: boolean;
}

/** Stretches in their order. Those that lie further apart than `apartMs` have something between them that is not known. */
export interface Series<T extends Moment> {
  readonly stretches: readonly T[];
  readonly apartMs: number;
}

/**
 * What was held and given back on so many occasions within a day is usual at any hour: a job that runs every half hour
 * holds nothing for most of the time. What only grows, as a leak does, is never given back.
 */
const LEAST_OCCASIONS = 3;
/** Given back is what a consumer has at most half of a while later. */
const GIVEN_BACK = 0.5;

/** The most that was held on each of LEAST_OCCASIONS; 0 when there were fewer. `values`: one for each stretch. */
export function heldAndGivenBack(values: readonly number[], { stretches, apartMs }: Series<Moment>): number {
  const peaks: number[] = [];
  let [most, least] = [0, 0];
  let isSeen = true;
  for (const [index, { at, isWhole }] of stretches.entries()) {
    const value = values[index] ?? 0;
    if (most === 0) {
      least = Math.min(least, value);
      if (value === 0 || GIVEN_BACK * value < least) continue;
      isSeen = true;
    }
    most = Math.max(most, value);
    isSeen &&= isWhole && (value === most || at - (stretches[index - 1]?.at ?? at) <= apartMs);
    if (value > GIVEN_BACK * most) continue;
    if (isSeen) peaks.push(most);
    [most, least] = [0, value];
  }
  return peaks.sort((a, b) => b - a)[LEAST_OCCASIONS - 1] ?? 0;
}
