const SHARE = 0.05;

/** How many of so many sessions come and go between two looks, at least one: a difference of no more says nothing. */
export function churnOf(sessions: number): number {
  return Math.max(1, Math.floor(SHARE * sessions));
}
