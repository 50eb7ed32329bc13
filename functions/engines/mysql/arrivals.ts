/**
 * How long sessions have been connected, which neither MySQL nor MariaDB tells. Connection ids only grow: a session came
 * between the last list that ended before its id and the first that had it, or a later one.
 */
export interface Arrivals {
  /** A list of sessions, asked for and answered at these times. */
  note(newestId: number, askedAt: number, answeredAt: number): void;
  /** At least this long, and at most PRECISION_MS longer; null when that is not known. */
  connectedMs(id: number, now: number): number | null;
}

const PRECISION_MS = 10_000;
/** Older lists tell nothing that anybody asks: these sessions have been here for a while. */
const MOST_LISTS = 64;

interface List {
  readonly newestId: number;
  readonly askedAt: number;
  readonly answeredAt: number;
}

export function noteArrivals(): Arrivals {
  const lists: List[] = [];
  return {
    note(newestId, askedAt, answeredAt) {
      lists.push({ newestId, askedAt, answeredAt });
      if (lists.length > MOST_LISTS) lists.shift();
    },
    connectedMs(id, now) {
      const first = lists.findIndex(({ newestId }) => newestId >= id);
      const [before, since] = [lists[first - 1], lists[first]];
      if (before === undefined || since === undefined) return null;
      return since.answeredAt - before.askedAt > PRECISION_MS ? null : Math.max(0, now - since.answeredAt);
    },
  };
}
