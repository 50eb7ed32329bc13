/**
 * How long sessions have been asleep, where the server counts only from the start of their last statement (MySQL
 * without performance_schema): since we first saw them asleep after that statement, and not a moment longer.
 */
export interface Sleepers {
  /**
   * All sessions that are asleep: when the last statement began, in epoch seconds and in seconds ago, both to about
   * one; and the ids of all others.
   */
  note(asleep: readonly Sleeper[], atWork: readonly number[], at: number): void;
  /** 0 when it was not seen asleep before. */
  asleepMs(id: number, now: number): number;
  /** How long ago the latest look was that showed it, and not asleep; null when there is none. */
  atWorkMs(id: number, now: number): number | null;
}

interface Sleeper {
  readonly id: number;
  readonly began_at: number | null;
  readonly seconds: number | null;
}

/** Statements that begin within this time cannot be distinguished. */
const PRECISION_S = 2;

export function trackSleepers(): Sleepers {
  let known = new Map<number, { readonly began: number; readonly since: number }>();
  let lastAtWork = new Map<number, number>();
  return {
    note(asleep, atWork, at) {
      const kept = asleep.flatMap(({ id }) => {
        const last = lastAtWork.get(id);
        return last === undefined ? [] : [[id, last] as const];
      });
      lastAtWork = new Map([...kept, ...atWork.map((id) => [id, at] as const)]);
      const next: typeof known = new Map();
      for (const { id, began_at: began, seconds } of asleep) {
        // Too early: another statement, begun within the same second, could have been at work ever since.
        if (began === null || (seconds ?? 0) <= PRECISION_S) continue;
        const before = known.get(id);
        const isSame = before !== undefined && Math.abs(before.began - began) < PRECISION_S;
        next.set(id, isSame ? before : { began, since: at });
      }
      known = next;
    },
    asleepMs(id, now) {
      const since = known.get(id)?.since;
      return since === undefined ? 0 : Math.max(0, now - since);
    },
    atWorkMs(id, now) {
      const last = lastAtWork.get(id);
      return last === undefined ? null : Math.max(0, now - last);
    },
  };
}
